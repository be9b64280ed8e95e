package ingestext

import (
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// inFlight bounds the bytes of all requests that are in memory at a time, from
// before anything decodes them. A receiver decodes a whole request before the
// store can say that it has no room.
//
// A request is charged for what was read of it, not for what it announces, so
// that a sender must pay for the room that it takes from others. The only
// request under way is never refused: any that is small enough by itself gets
// through in the end.
type inFlight struct {
	limit int64
	gauge prometheus.Gauge

	mu   sync.Mutex
	held int64 // guarded by mu
}

// share is what one request holds. It is not safe for concurrent use.
type share struct {
	of   *inFlight
	mine int64
}

// busyError says that there is no room for a request now.
type busyError int64

func (e busyError) Error() string {
	return fmt.Sprintf("%s: %d are the bound, max_inflight_bytes of heddle_ingest; send it again later", busyText, int64(e))
}

const (
	busyText = "too many bytes of requests are under way"
	// busyAfter is how long a sender should wait. Requests take milliseconds.
	busyAfter = time.Second
)

// take charges n bytes more, or fails with a busyError.
func (s *share) take(n int64) error {
	if n == 0 {
		return nil
	}
	f := s.of
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.held+n > f.limit && f.held > s.mine {
		return busyError(f.limit)
	}
	f.held += n
	s.mine += n
	f.gauge.Add(float64(n))
	return nil
}

// fits says whether there is room for n bytes more, without taking it.
func (s *share) fits(n int64) error {
	err := s.take(n)
	if err == nil {
		s.give(n)
	}
	return err
}

func (s *share) give(n int64) {
	f := s.of
	f.mu.Lock()
	defer f.mu.Unlock()
	f.held -= n
	s.mine -= n
	f.gauge.Sub(float64(n))
}

// free gives back everything.
func (s *share) free() { s.give(s.mine) }
