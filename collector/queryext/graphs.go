package queryext

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/heddle-io/heddle/query/red"
	"github.com/heddle-io/heddle/storage"
)

// prepareEvery is how often new parts of the store are looked for. What is
// younger is mostly merged before the next time.
const prepareEvery = time.Minute

// prepareGraphs tallies what the store keeps for graphs before anyone asks for
// one, until ctx ends. It works half of the time at the most.
func (q *query) prepareGraphs(ctx context.Context, spans storage.SpanReader, ticks <-chan time.Time) {
	p := red.NewPreparer(q.graphs, spans)
	failed := false
	for {
		begin := time.Now()
		err := p.Prepare(ctx, func(ctx context.Context) error {
			pause(ctx, time.Since(begin))
			begin = time.Now()
			return ctx.Err()
		})
		if err != nil && ctx.Err() == nil && !failed { // graphs that need what cannot be read say so
			q.set.Logger.Warn("dependency graphs are not prepared", zap.Error(err))
		}
		failed = err != nil
		select {
		case <-ctx.Done():
			return
		case <-ticks:
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
