package native

import (
	"net/http"
	"strconv"
)

type statusAnswer struct {
	Version string `json:"version"`
	Spans   uint64 `json:"spans"`
	Bytes   uint64 `json:"bytes"`
	Evicted uint64 `json:"evictedSpans"`
	Oldest  string `json:"oldestUnixNano,omitempty"`
	Newest  string `json:"newestUnixNano,omitempty"`
}

func (a *api) status(*http.Request) (statusAnswer, error) {
	s := a.opts.Store.Stats()
	res := statusAnswer{Version: a.opts.Version, Spans: s.Spans, Bytes: s.Bytes, Evicted: s.EvictedSpans}
	if s.Spans > 0 {
		res.Oldest = strconv.FormatInt(s.OldestSpanNs, 10)
		res.Newest = strconv.FormatInt(s.NewestSpanNs, 10)
	}
	return res, nil
}
