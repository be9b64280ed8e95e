package tempo

import (
	"net/url"
	"time"

	"github.com/heddle-io/heddle/query/api/tempo/tempopb"
	"github.com/heddle-io/heddle/query/traceql"
	"github.com/heddle-io/heddle/storage"
)

// Bounds on a search, those of Tempo.
const (
	defaultTraces   = 20
	maxTraces       = 262_144
	defaultSpanSize = traceql.DefaultSpansPerSpanset
	maxSpanSize     = 100
)

// searchQuery is a search, whichever way it was asked.
type searchQuery struct {
	query           *traceql.Query
	window          storage.Window
	limit           int
	spansPerSpanset int
	min, max        time.Duration // of the whole trace; max 0: no bound
}

// holds says whether a trace is as long as it shall be. Bounds are as fine as
// the durations that are shown.
func (s *searchQuery) holds(durationNs int64) bool {
	d := time.Duration(durationNs).Truncate(time.Millisecond)
	return d >= s.min.Truncate(time.Millisecond) && (s.max == 0 || d <= s.max)
}

func parseSearch(q url.Values) (s searchQuery, err error) {
	if q.Get("q") != "" && q.Get("tags") != "" {
		return s, bad("invalid request: can't specify tags and q in the same query")
	}
	text := q.Get("q")
	if tags := q.Get("tags"); tags != "" {
		pairs, err := parseLogfmt(tags)
		if err != nil {
			return s, err
		}
		text = queryOfTags(pairs)
	}
	if s.query, err = parse(text); err != nil {
		return s, err
	}
	if s.window, err = windowParam(q); err != nil {
		return s, err
	}
	if s.limit, err = countParam(q, "limit", defaultTraces, maxTraces); err != nil {
		return s, err
	}
	if s.spansPerSpanset, err = countParam(q, "spss", defaultSpanSize, maxSpanSize); err != nil {
		return s, err
	}
	if s.min, err = durationParam(q, "minDuration"); err != nil {
		return s, err
	}
	if s.max, err = durationParam(q, "maxDuration"); err != nil {
		return s, err
	}
	return s, s.check()
}

// searchOf reads a request over gRPC, where zero is absent.
func searchOf(r *tempopb.SearchRequest) (s searchQuery, err error) {
	text := r.Query
	if len(r.Tags) > 0 {
		if text != "" {
			return s, bad("invalid request: can't specify tags and q in the same query")
		}
		text = queryOfTags(r.Tags)
	}
	if s.query, err = parse(text); err != nil {
		return s, err
	}
	if s.window, err = secondsWindow(r.Start, r.End); err != nil {
		return s, err
	}
	s.limit, s.spansPerSpanset = defaultTraces, defaultSpanSize
	if r.Limit > 0 {
		s.limit = int(r.Limit)
	}
	if r.SpansPerSpanSet > 0 {
		s.spansPerSpanset = int(r.SpansPerSpanSet)
	}
	s.min, s.max = time.Duration(r.MinDurationMs)*time.Millisecond, time.Duration(r.MaxDurationMs)*time.Millisecond
	if s.limit > maxTraces {
		return s, bad("invalid limit: %d is more than %d", s.limit, maxTraces)
	}
	if s.spansPerSpanset > maxSpanSize {
		return s, bad("invalid spss: %d is more than %d", s.spansPerSpanset, maxSpanSize)
	}
	return s, s.check()
}

func (s *searchQuery) check() error {
	if s.max > 0 && s.min > s.max {
		return bad("minDuration %v is longer than maxDuration %v", s.min, s.max)
	}
	if s.query.IsMetrics() {
		return bad("the query computes metrics: ask for it at /api/metrics/query_range, or leave the metrics function out")
	}
	return nil
}
