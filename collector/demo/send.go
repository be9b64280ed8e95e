package demo

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

const (
	senders       = 16 // the pods of a shop do not wait for each other
	queueRequests = 512
	queueBytes    = 48 << 20
	exportTimeout = 10 * time.Second
	retryFirst    = 250 * time.Millisecond
	retryMost     = 5 * time.Second
	retryGiveUp   = 60 * time.Second
)

// transport delivers one encoded ExportTraceServiceRequest. It must not keep
// body. An error that is worth another try is a *retryableError.
type transport interface {
	export(ctx context.Context, body []byte) (rejected int64, message string, err error)
	close() error
}

// retryableError is a failure after which OTLP clients must try again.
type retryableError struct {
	after time.Duration // how long the receiver asked to wait, 0 if it did not
	err   error
}

func (e *retryableError) Error() string { return e.err.Error() }
func (e *retryableError) Unwrap() error { return e.err }

// counts are what became of the requests. All fields may be read at any time.
type counts struct {
	delivered atomic.Int64 // spans that the receiver took
	rejected  atomic.Int64 // spans that it refused in a partial success
	dropped   atomic.Int64 // spans for which there was no room in the queue
	failed    atomic.Int64 // spans given up after errors
	requests  atomic.Int64 // requests answered well
	retries   atomic.Int64
	lastError atomic.Pointer[string]
}

func (c *counts) note(message string) {
	if message != "" {
		c.lastError.Store(&message)
	}
}

type request struct {
	body  []byte
	spans int
}

// sender delivers requests from a queue that is bounded in number and bytes.
// When the queue is full the caller decides: offer drops, put waits. A request
// belongs to the sender from offer or put until its buffer comes back from
// buffer.
type sender struct {
	t      transport
	queue  chan request
	room   chan struct{} // signalled when bytes were freed
	bytes  atomic.Int64
	free   sync.Pool
	wg     sync.WaitGroup
	counts counts
}

// newSender starts delivering; cancelling ctx gives up on everything queued.
func newSender(ctx context.Context, t transport) *sender {
	s := &sender{t: t, queue: make(chan request, queueRequests), room: make(chan struct{}, 1)}
	for range senders {
		s.wg.Go(func() {
			for r := range s.queue {
				s.deliver(ctx, r)
				s.release(r)
			}
		})
	}
	return s
}

func (s *sender) buffer() []byte {
	if b, ok := s.free.Get().(*[]byte); ok {
		return (*b)[:0]
	}
	return make([]byte, 0, 16<<10)
}

func (s *sender) release(r request) {
	s.bytes.Add(-int64(len(r.body)))
	if cap(r.body) <= 1<<20 {
		s.free.Put(&r.body)
	}
	select {
	case s.room <- struct{}{}:
	default:
	}
}

// offer queues a request if there is room and drops it otherwise.
func (s *sender) offer(r request) {
	if s.bytes.Load() < queueBytes {
		s.bytes.Add(int64(len(r.body)))
		select {
		case s.queue <- r:
			return
		default:
			s.bytes.Add(-int64(len(r.body)))
		}
	}
	s.counts.dropped.Add(int64(r.spans))
}

// put queues a request as soon as there is room, or drops it when ctx ends. It
// calls waiting every second until then.
func (s *sender) put(ctx context.Context, r request, waiting func()) {
	var tick <-chan time.Time
	for {
		var queue chan request
		if s.bytes.Load() < queueBytes {
			queue = s.queue
		}
		s.bytes.Add(int64(len(r.body)))
		select {
		case queue <- r:
			return
		default:
		}
		if tick == nil {
			t := time.NewTicker(time.Second)
			defer t.Stop()
			tick = t.C
		}
		select {
		case queue <- r:
			return
		case <-s.room:
		case <-tick:
			waiting()
		case <-ctx.Done():
			s.bytes.Add(-int64(len(r.body)))
			s.counts.dropped.Add(int64(r.spans))
			return
		}
		s.bytes.Add(-int64(len(r.body)))
	}
}

// close delivers what is queued and stops. It must be the last call.
func (s *sender) close() error {
	close(s.queue)
	s.wg.Wait()
	return s.t.close()
}

// deliver sends one request, again if need be.
func (s *sender) deliver(ctx context.Context, r request) {
	started := time.Now()
	for wait := retryFirst; ; wait = min(wait*2, retryMost) {
		try, cancel := context.WithTimeout(ctx, exportTimeout)
		rejected, message, err := s.t.export(try, r.body)
		cancel()
		if err == nil {
			s.counts.requests.Add(1)
			s.counts.rejected.Add(rejected)
			s.counts.delivered.Add(int64(r.spans) - rejected)
			s.counts.note(message)
			return
		}
		s.counts.note(err.Error())
		var again *retryableError
		if !errors.As(err, &again) || time.Since(started) > retryGiveUp {
			s.counts.failed.Add(int64(r.spans))
			return
		}
		pause := wait/2 + rand.N(wait)
		if again.after > 0 {
			pause = again.after
		}
		select {
		case <-time.After(pause):
			s.counts.retries.Add(1)
		case <-ctx.Done():
			s.counts.failed.Add(int64(r.spans))
			return
		}
	}
}
