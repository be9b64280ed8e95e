package queryext

import (
	"context"
	"errors"
	"time"
)

// gate bounds how many queries are under way. Each may hold many traces in
// memory and use all cores, so that more of them at a time are not answered
// sooner, only with more memory. Those that find no room wait for a short time,
// first come, first served: the page of a dashboard asks everything at once.
type gate struct {
	slots chan struct{} // one element for each query under way; nil: no bound
	wait  time.Duration
}

// queryWait is how long a query waits for its turn. Who waits longer is served
// better by an answer that says why.
const queryWait = 5 * time.Second

// errTooMany: the query found no room.
var errTooMany = errors.New("too many queries are under way: try again in a moment, ask for less at a time, or raise max_concurrent_queries of the extension heddle_query")

func newGate(most int) *gate {
	g := &gate{wait: queryWait}
	if most > 0 {
		g.slots = make(chan struct{}, most)
	}
	return g
}

// enter waits for room. After nil the caller must leave. It fails with
// errTooMany, or with that of ctx when whoever asked has gone.
func (g *gate) enter(ctx context.Context) error {
	if g.slots == nil {
		return nil
	}
	select {
	case g.slots <- struct{}{}:
		return nil
	default:
	}
	timer := time.NewTimer(g.wait)
	defer timer.Stop()
	select {
	case g.slots <- struct{}{}:
		return nil
	case <-timer.C:
		return errTooMany
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.Canceled) {
			return ctx.Err()
		}
		return errTooMany
	}
}

func (g *gate) leave() {
	if g.slots != nil {
		<-g.slots
	}
}
