package native

import (
	"net/http"
	"strconv"
)

type statusAnswer struct {
	Version string `json:"version"`
	Durable bool   `json:"durable"`
	Deletes bool   `json:"deletes"`
	Spans   uint64 `json:"spans"`
	Logs    uint64 `json:"logs"`
	Bytes   uint64 `json:"bytes"`
	Evicted uint64 `json:"evictedSpans"`
	Oldest  string `json:"oldestUnixNano,omitempty"`
	Newest  string `json:"newestUnixNano,omitempty"`
}

func (a *api) status(*http.Request) (statusAnswer, error) {
	s := a.opts.Store.Stats()
	can := a.opts.Store.Capabilities()
	res := statusAnswer{
		Version: a.opts.Version, Durable: can.Durable, Deletes: can.Delete,
		Spans: s.Spans, Logs: s.Logs, Bytes: s.Bytes, Evicted: s.EvictedSpans,
	}
	if s.Spans > 0 {
		res.Oldest = strconv.FormatInt(s.OldestSpanNs, 10)
		res.Newest = strconv.FormatInt(s.NewestSpanNs, 10)
	}
	return res, nil
}
