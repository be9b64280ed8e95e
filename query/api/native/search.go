package native

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/heddle-io/heddle/query/selection"
	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

type searchAnswer struct {
	Traces    []traceSummary `json:"traces"`
	More      bool           `json:"more"`
	After     string         `json:"after,omitempty"`
	Total     totalJSON      `json:"total"`
	Partial   string         `json:"partial,omitempty"`
	Inspected int            `json:"inspectedSpans"`
	Stats     statsJSON      `json:"stats"`
}

// totalJSON counts all matches. Spans are counted only where that was asked
// for or cost nothing.
type totalJSON struct {
	Traces   int    `json:"traces"`
	Relation string `json:"relation"` // exact or atLeast
	Spans    *int   `json:"spans,omitempty"`
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
	NewestMatch string         `json:"newestMatchUnixNano,omitempty"`
	Selected    []selectedSpan `json:"selected,omitempty"`
}

// selectedSpan is one of the spans for which a trace was found.
type selectedSpan struct {
	SpanID     string `json:"spanId"`
	Service    string `json:"service"`
	Name       string `json:"name"`
	Kind       string `json:"kind"`
	Start      string `json:"startUnixNano"`
	DurationNs int64  `json:"durationNs"`
	Error      bool   `json:"error"`
}

// selectedSpans describes the first spans of a match, in display order.
func selectedSpans(m selection.Match, most int) []selectedSpan {
	list := make([]selectedSpan, 0, min(most, len(m.Spans)))
	for _, p := range m.Spans[:min(most, len(m.Spans))] {
		s, row := m.Trace.Spans, int(m.Trace.Rows[p])
		list = append(list, selectedSpan{
			s.SpanIDs[row].String(), s.Service(row), s.Name(row), enumName(kindNames, s.Kinds[row]),
			strconv.FormatInt(s.StartsNs[row], 10), s.DurationsNs[row], m.Trace.Flags[p]&trace.Error != 0,
		})
	}
	return list
}

type serviceCount struct {
	Name   string `json:"name"`
	Spans  uint64 `json:"spans"`
	Errors uint64 `json:"errors"`
}

// orders of a search answer; recent is not among them because it needs no more
// traces than are returned.
var orders = map[string]selection.Order{
	"longest": selection.Longest, "shortest": selection.Shortest, "spans": selection.MostSpans, "errors": selection.MostErrors,
}

// searchRequest is a search for traces, read from parameters.
type searchRequest struct {
	search   *selection.Search
	sort     string
	limit    int
	spans    int // selected ones to describe of each trace
	after    *pageToken
	exact    bool   // count all matches
	question uint64 // fingerprint
}

func (a *api) searchRequest(r *http.Request) (s searchRequest, err error) {
	q := r.URL.Query()
	if s.limit, err = intParam(q, "limit", 20, 1, 1000); err != nil {
		return s, err
	}
	if s.spans, err = intParam(q, "spans", 0, 0, 20); err != nil {
		return s, err
	}
	s.sort = cmp.Or(q.Get("sort"), "recent")
	if _, ok := orders[s.sort]; !ok && s.sort != "recent" {
		return s, badRequest("sort %q: must be one of recent, longest, shortest, spans, errors", s.sort)
	}
	switch total := q.Get("total"); total {
	case "", "atLeast":
	case "exact":
		s.exact = true
	default:
		return s, badRequest("total %q: must be exact or atLeast", total)
	}
	if s.after, err = afterParam(q); err != nil {
		return s, err
	}
	s.question = fingerprint(q)
	var window storage.Window
	if s.after != nil {
		window = s.after.Window
	} else if window, err = windowParam(q); err != nil {
		return s, err
	}
	chosen, err := selectionParams(q)
	if err != nil {
		return s, err
	}
	s.search, err = a.searchFor(r.Context(), chosen, window)
	return s, err
}

// cursor is where the answer begins, nil: at the beginning.
func (s *searchRequest) cursor() *selection.Cursor {
	if s.after == nil {
		return nil
	}
	return &s.after.Cursor
}

func (s *searchRequest) seen() int {
	if s.after == nil {
		return 0
	}
	return int(s.after.Seen)
}

func (a *api) search(r *http.Request) (searchAnswer, error) {
	s, err := a.searchRequest(r)
	if err != nil {
		return searchAnswer{}, err
	}
	return a.runSearch(r.Context(), &s, func(traceSummary) error { return nil })
}

// runSearch searches and gives found every trace as soon as it is certain. An error
// of found ends the search.
func (a *api) runSearch(ctx context.Context, s *searchRequest, found func(traceSummary) error) (searchAnswer, error) {
	res := searchAnswer{Traces: []traceSummary{}}
	var last selection.Cursor
	add := func(summary traceSummary, c selection.Cursor) error {
		res.Traces = append(res.Traces, summary)
		last = c
		return found(summary)
	}
	counted := false
	if order, ok := orders[s.sort]; ok {
		ranking, err := s.search.Ranked(ctx, order, s.cursor(), s.limit)
		if err != nil {
			return res, err
		}
		for some := range slices.Chunk(ranking.Traces, describedAtOnce) {
			selected, err := s.selectedOf(ctx, some)
			if err != nil {
				return res, err
			}
			for _, t := range some {
				summary := summaryJSON(t.Summary, t.Matched, t.NewestNs)
				summary.Selected = selected[t.ID]
				if err := add(summary, t.Cursor); err != nil {
					return res, err
				}
			}
		}
		res.More = ranking.More
		res.Total = totalJSON{ranking.Total.Traces, "exact", &ranking.Total.Spans}
		counted = true
	} else {
		for m, err := range s.search.Newest(ctx, s.cursor(), s.limit+1) {
			if err != nil {
				return res, err
			}
			if len(res.Traces) == s.limit {
				res.More = true
				break
			}
			summary := summaryJSON(m.Trace.Summarize(), len(m.Spans), m.NewestNs)
			summary.Selected = selectedSpans(m, s.spans)
			err := add(summary, selection.Cursor{Value: m.NewestNs, ID: m.Trace.ID})
			if err != nil {
				return res, err
			}
		}
	}
	if !counted && s.exact && s.search.Stats.Partial == "" {
		total, err := s.search.Count(ctx)
		if err != nil {
			return res, err
		}
		res.Total = totalJSON{total.Traces, "exact", &total.Spans}
		counted = true
	}
	seen := s.seen() + len(res.Traces)
	known := seen // traces that match, at least
	if res.More {
		known++
	}
	if !counted {
		res.Total = totalJSON{Traces: known, Relation: "exact"}
		if res.More {
			res.Total.Relation = "atLeast"
		}
	}
	res.Partial = s.search.Stats.Partial
	if res.Partial != "" {
		res.Total.Relation = "atLeast"
		res.Total.Traces = max(res.Total.Traces, known) // the count was cut short
	}
	if res.More {
		res.After = pageToken{Question: s.question, Window: s.search.Window, Cursor: last, Seen: uint32(seen)}.String()
	}
	res.Stats = newStats(s.search.Stats)
	res.Inspected = s.search.Stats.Scanned
	return res, nil
}

// describedAtOnce bounds how many traces are in memory to describe their selected
// spans.
const describedAtOnce = 50

// selectedOf describes the selected spans of traces that a ranking has let go.
func (s *searchRequest) selectedOf(ctx context.Context, ranked []selection.Ranked) (map[storage.TraceID][]selectedSpan, error) {
	if s.spans == 0 {
		return nil, nil
	}
	ids := make([]storage.TraceID, len(ranked))
	for i, r := range ranked {
		ids[i] = r.ID
	}
	described := make(map[storage.TraceID][]selectedSpan, len(ids))
	for m, err := range s.search.EachOf(ctx, ids) {
		if err != nil {
			return nil, err
		}
		described[m.Trace.ID] = selectedSpans(m, s.spans)
	}
	return described, nil
}

func summaryJSON(s trace.Summary, matched int, newestNs int64) traceSummary {
	return traceSummary{
		TraceID: s.ID.String(), RootService: s.RootService, RootName: s.RootName, RootMissing: s.RootMissing,
		Start: strconv.FormatInt(s.StartNs, 10), DurationNs: s.DurationNs,
		Spans: s.Spans, Errors: s.Errors, Orphans: s.Orphans, Services: serviceCounts(s.Services),
		Matched: matched, NewestMatch: strconv.FormatInt(newestNs, 10),
	}
}

func serviceCounts(in []trace.ServiceCount) []serviceCount {
	out := make([]serviceCount, len(in))
	for i, c := range in {
		out[i] = serviceCount{c.Name, uint64(c.Spans), uint64(c.Errors)}
	}
	return out
}

func searchPredicate(q url.Values) (storage.Predicate, error) {
	var where storage.And
	equal := func(key storage.Key, v storage.Value) {
		where = append(where, storage.Compare{Key: key, Op: storage.Equal, Value: v})
	}
	if service := q.Get("service"); service != "" {
		where = append(where, trace.ServiceIs(service))
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
	if len(where) == 0 {
		return nil, nil
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
