package native

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

type searchAnswer struct {
	Traces    []traceSummary `json:"traces"`
	More      bool           `json:"more"`
	Notes     []string       `json:"notes,omitempty"`
	Inspected int            `json:"inspectedSpans"`
}

type traceSummary struct {
	TraceID     string         `json:"traceId"`
	RootService string         `json:"rootService"`
	RootName    string         `json:"rootName"`
	RootMissing bool           `json:"rootMissing,omitempty"`
	Start       string         `json:"startUnixNano"`
	DurationNs  int64          `json:"durationNs"`
	Spans       int            `json:"spans"`
	Errors      int            `json:"errors"`
	Orphans     int            `json:"orphans"`
	Services    []serviceCount `json:"services"`
	Matched     int            `json:"matchedSpans"`
}

type serviceCount struct {
	Name   string `json:"name"`
	Spans  uint64 `json:"spans"`
	Errors uint64 `json:"errors"`
}

// Orders of a search answer; recent is the order in which trace.Find returns.
var orders = map[string]func(a, b traceSummary) int{
	"recent":   nil,
	"longest":  func(a, b traceSummary) int { return cmp.Compare(b.DurationNs, a.DurationNs) },
	"shortest": func(a, b traceSummary) int { return cmp.Compare(a.DurationNs, b.DurationNs) },
	"spans":    func(a, b traceSummary) int { return cmp.Compare(b.Spans, a.Spans) },
	"errors":   func(a, b traceSummary) int { return cmp.Compare(b.Errors, a.Errors) },
}

func (a *api) search(r *http.Request) (searchAnswer, error) {
	q := r.URL.Query()
	query, err := searchQuery(q)
	if err != nil {
		return searchAnswer{}, err
	}
	sort := cmp.Or(q.Get("sort"), "recent")
	order, ok := orders[sort]
	if !ok {
		return searchAnswer{}, badRequest("sort %q: must be one of recent, longest, shortest, spans, errors", sort)
	}
	found, err := trace.Find(r.Context(), a.spans, query)
	if err != nil {
		return searchAnswer{}, err
	}
	res := searchAnswer{Traces: make([]traceSummary, len(found.Traces)), More: found.More, Inspected: found.Inspected}
	for i, t := range found.Traces {
		res.Traces[i] = summaryJSON(t.Summarize(), found.Matched[i])
	}
	if order != nil {
		slices.SortStableFunc(res.Traces, order)
		if found.More {
			res.Notes = append(res.Notes, fmt.Sprintf("Ordered by %s among the %d most recent matches; more match in this window.", sort, len(res.Traces)))
		}
	}
	return res, nil
}

func summaryJSON(s trace.Summary, matched int) traceSummary {
	return traceSummary{
		TraceID: s.ID.String(), RootService: s.RootService, RootName: s.RootName, RootMissing: s.RootMissing,
		Start: strconv.FormatInt(s.StartNs, 10), DurationNs: s.DurationNs,
		Spans: s.Spans, Errors: s.Errors, Orphans: s.Orphans, Services: serviceCounts(s.Services), Matched: matched,
	}
}

func serviceCounts(in []trace.ServiceCount) []serviceCount {
	out := make([]serviceCount, len(in))
	for i, c := range in {
		out[i] = serviceCount{c.Name, uint64(c.Spans), uint64(c.Errors)}
	}
	return out
}

func searchQuery(q url.Values) (trace.Query, error) {
	window, err := windowParam(q)
	if err != nil {
		return trace.Query{}, err
	}
	limit, err := intParam(q, "limit", 20, 1, 1000)
	if err != nil {
		return trace.Query{}, err
	}
	where, err := searchPredicate(q)
	if err != nil {
		return trace.Query{}, err
	}
	return trace.Query{Window: window, Where: where, Limit: limit}, nil
}

func searchPredicate(q url.Values) (storage.Predicate, error) {
	var where storage.And
	equal := func(key storage.Key, v storage.Value) {
		where = append(where, storage.Compare{Key: key, Op: storage.Equal, Value: v})
	}
	if service := q.Get("service"); service != "" {
		equal(storage.KeyService, storage.String(service))
	}
	if operation := q.Get("operation"); operation != "" {
		equal(storage.KeyName, storage.String(operation))
	}
	if kind, given, err := enumParam(q, "kind", kindNames); err != nil {
		return nil, err
	} else if given {
		equal(storage.KeyKind, storage.Int(kind))
	}
	if status, given, err := enumParam(q, "status", statusNames); err != nil {
		return nil, err
	} else if given && statusNames[status] == "error" {
		where = append(where, trace.IsError())
	} else if given {
		equal(storage.KeyStatus, storage.Int(status))
	}
	for _, tag := range q["tag"] {
		key, value, ok := strings.Cut(tag, "=")
		if !ok || key == "" {
			return nil, badRequest("tag %q: must be key=value", tag)
		}
		where = append(where, anywhere(key, value))
	}
	bounds := []struct {
		name string
		op   storage.Op
	}{{"minDuration", storage.GreaterEqual}, {"maxDuration", storage.LessEqual}}
	for _, b := range bounds {
		if d, given, err := durationParam(q, b.name); err != nil {
			return nil, err
		} else if given {
			where = append(where, storage.Compare{Key: storage.KeyDuration, Op: b.op, Value: storage.Int(int64(d))})
		}
	}
	return where, nil
}

// anywhere is true of a span that has the attribute, whatever its scope and
// type.
func anywhere(key, text string) storage.Predicate {
	var or storage.Or
	for _, scope := range []storage.Scope{storage.ScopeSpan, storage.ScopeResource, storage.ScopeInstrumentation, storage.ScopeEvent} {
		or = append(or, storage.Compare{Key: storage.Key{Scope: scope, Name: key}, Op: storage.Equal, Value: storage.String(text), AsText: true})
	}
	return or
}
