package native

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/heddle-io/heddle/query/selection"
	"github.com/heddle-io/heddle/query/traceql"
	"github.com/heddle-io/heddle/storage"
)

// Defaults of Options.
const (
	defaultQueryTimeout = 30 * time.Second
	defaultQuerySpans   = 5_000_000
	defaultConcurrent   = 4
	defaultTails        = 16
)

// maxQueryBytes bounds the text of a TraceQL query.
const maxQueryBytes = 64 << 10

// selectionParams reads what is selected: the fields of the form and the
// TraceQL query q, which must both hold.
func selectionParams(q url.Values) (selection.Selection, error) {
	where, err := searchPredicate(q)
	if err != nil {
		return selection.Selection{}, err
	}
	query, err := queryParam(q, "q")
	if err != nil {
		return selection.Selection{}, err
	}
	return selection.Selection{Where: where, Query: query}, nil
}

// queryParam reads a TraceQL search; nil when there is none.
func queryParam(q url.Values, name string) (*traceql.Query, error) {
	text := strings.TrimSpace(q.Get(name))
	if text == "" {
		return nil, nil
	}
	if len(text) > maxQueryBytes {
		return nil, badRequest("%s: has %d bytes, at most %d are possible", name, len(text), maxQueryBytes)
	}
	query, err := traceql.Parse(text)
	if err != nil {
		return nil, querySyntax(name, err)
	}
	if query.IsMetrics() {
		return nil, badRequest("%s: computes metrics and selects no spans; leave out the metrics function at its end", name)
	}
	return query, nil
}

// searchFor prepares a search in a window.
func (a *api) searchFor(ctx context.Context, s selection.Selection, w storage.Window) (*selection.Search, error) {
	return selection.New(a.spans, s, w, selection.Budget{Spans: a.opts.MaxQuerySpans, Duration: a.timeFor(ctx)})
}

// timeFor is how long a question may take so that there is time left to answer
// with what was found.
func (a *api) timeFor(ctx context.Context) time.Duration {
	d := a.opts.QueryTimeout
	if deadline, ok := ctx.Deadline(); ok {
		d = min(d, time.Until(deadline)*8/10)
	}
	return max(d, time.Millisecond)
}

// requestSearch is searchFor what the request's parameters say.
func (a *api) requestSearch(r *http.Request) (*selection.Search, error) {
	q := r.URL.Query()
	window, err := windowParam(q)
	if err != nil {
		return nil, err
	}
	s, err := selectionParams(q)
	if err != nil {
		return nil, err
	}
	return a.searchFor(r.Context(), s, window)
}

// statsJSON is what an answer cost.
type statsJSON struct {
	Scanned int `json:"scannedSpans"` // rows that the store looked at; 0 where it had counted before
	Traces  int `json:"readTraces"`
	Spans   int `json:"readSpans"` // in them
}

func newStats(s selection.Stats) statsJSON { return statsJSON{s.Scanned, s.Traces, s.Spans} }

// heavy bounds how many questions that read much are answered at once, and for
// how long. Others wait for their turn.
func (a *api) heavy(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The budget of a search ends it with a partial answer; the deadline is for
		// what does not look at budgets.
		ctx, cancel := context.WithTimeout(r.Context(), 2*a.opts.QueryTimeout)
		defer cancel()
		select {
		case a.turns <- struct{}{}:
			defer func() { <-a.turns }()
		case <-ctx.Done():
			err := r.Context().Err()
			if err == nil {
				err = &apiError{status: http.StatusServiceUnavailable, code: "overloaded", message: "too many questions are being answered; ask again later"}
			}
			writeError(w, err)
			return
		}
		h.ServeHTTP(w, r.WithContext(ctx))
	})
}
