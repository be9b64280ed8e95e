package queryext

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/heddle-io/heddle/query/api/failure"
)

// usage is one query from its arrival on: what it waited, took and sent.
type usage struct {
	q       *query
	api     string
	started time.Time
	waited  time.Duration
}

// enter admits a query, or says why not. After nil the query must end.
func (q *query) enter(ctx context.Context, api string) (*usage, error) {
	u := &usage{q: q, api: api, started: time.Now()}
	q.counters.waiting.Inc()
	err := q.gate.enter(ctx)
	q.counters.waiting.Dec()
	u.waited = time.Since(u.started)
	if err != nil {
		how := outcomeRefused
		if !errors.Is(err, errTooMany) {
			how = outcomeCanceled
		}
		q.counters.queries.WithLabelValues(api, string(how)).Inc()
		return nil, err
	}
	q.counters.inFlight.Inc()
	return u, nil
}

// end counts a query that was admitted and lets the next one in. Of a slow one
// it logs a line with what describe returns.
func (u *usage) end(how outcome, describe func() []zap.Field) {
	u.q.gate.leave()
	u.q.counters.inFlight.Dec()
	took := time.Since(u.started)
	u.q.counters.queries.WithLabelValues(u.api, string(how)).Inc()
	u.q.counters.durations.WithLabelValues(u.api).Observe(took.Seconds())
	if slow := u.q.config.SlowQuery; slow > 0 && took >= slow {
		fields := []zap.Field{zap.String("api", u.api), zap.Duration("duration", took), zap.Duration("waited", u.waited), zap.String("outcome", string(how))}
		u.q.set.Logger.Warn("slow query", append(fields, describe()...)...)
	}
}

// admitted bounds and observes the queries to a mount of an API.
func (q *query) admitted(a *api, m mount, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.cheap != nil && a.cheap(r.Method, strings.TrimPrefix(r.URL.Path, m.strip)) {
			h.ServeHTTP(w, r)
			return
		}
		u, err := q.enter(r.Context(), a.name)
		if errors.Is(err, errTooMany) {
			a.refuse(w, err.Error())
			return
		}
		if err != nil {
			w.WriteHeader(failure.ClientClosed)
			return
		}
		watched, how := &statusWriter{ResponseWriter: w}, outcomeFailed // stays so on a panic
		defer func() {
			u.end(how, func() []zap.Field {
				return []zap.Field{
					zap.String("method", r.Method), zap.String("path", shortened(r.URL.Path)), zap.String("query", shownParams(r.URL.Query())),
					zap.Int("status", watched.status()), zap.Int64("bytes", watched.bytes),
				}
			})
		}()
		h.ServeHTTP(watched, r)
		how = outcomeOfStatus(watched.status())
	})
}
