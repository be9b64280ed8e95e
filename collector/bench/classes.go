package main

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"time"
)

// Budgets, for the 95th percentile with 10,000,000 spans stored.
const (
	traceBudget  = 5 * time.Millisecond
	searchBudget = 30 * time.Millisecond
	sumsBudget   = 100 * time.Millisecond
)

// classes are the questions about a shop. Their names begin with the API.
func (s *shop) classes(ctx context.Context, heddle *server) ([]question, error) {
	jaeger, err := s.jaegerClasses(ctx, heddle)
	if err != nil {
		return nil, err
	}
	native, err := s.nativeClasses(ctx, heddle)
	if err != nil {
		return nil, err
	}
	list := append(jaeger, s.traceQLClasses()...)
	return append(append(list, s.metricsClasses()...), native...), nil
}

// each makes a call of every trace.
func (s *shop) each(path func(storedTrace) string, check func(storedTrace) func([]byte) error) (list []call) {
	for _, t := range s.traces {
		list = append(list, call{path(t), check(t)})
	}
	return list
}

// in makes a call in every window.
func in(windows []window, check func([]byte) error, path func(window) string) (list []call) {
	for _, w := range windows {
		list = append(list, call{path(w), check})
	}
	return list
}

func (s *shop) jaegerClasses(ctx context.Context, heddle *server) ([]question, error) {
	var byService, byAttribute, failed, slow, operations []call
	for _, w := range s.recent() {
		for _, service := range s.services {
			byService = append(byService, call{s.jaeger(w, "service", service), nil})
			slow = append(slow, call{s.jaeger(w, "service", service, "minDuration", "5ms"), nil})
			operations = append(operations, call{"/api/operations?" + url.Values{"service": {service}}.Encode(), jaegerList(1)})
		}
		for _, v := range s.tenants {
			byAttribute = append(byAttribute, call{s.jaeger(w, "service", checkout, "tags", `{"`+tenant+`":"`+v+`"}`), nil})
		}
		failed = append(failed, call{s.jaeger(w, "service", checkout, "tags", `{"error":"true"}`), nil})
	}
	// How many there are to be found, the native API tells; of nothing nothing is asked.
	for _, list := range []*[]call{&byService, &byAttribute, &failed, &slow} {
		var found []call
		for _, c := range *list {
			want, err := s.counted(ctx, heddle, c.path)
			if err != nil {
				return nil, err
			}
			if want > 0 {
				found = append(found, call{c.path, jaegerList(want)})
			}
		}
		*list = found
	}
	span := time.Duration(s.sent.EndNs - s.sent.StartNs)
	dependencies := "/api/dependencies?endTs=" + strconv.FormatInt(s.sent.EndNs/1e6, 10) + "&lookback=" + strconv.FormatInt(span.Milliseconds(), 10)
	return []question{
		{"jaeger-trace", traceBudget, s.each(func(t storedTrace) string { return "/api/traces/" + t.ID }, func(t storedTrace) func([]byte) error { return jaegerTrace(t.Spans) })},
		{"jaeger-service", 0, byService},
		{"jaeger-service-attribute", searchBudget, byAttribute},
		{"jaeger-service-error", 0, failed},
		{"jaeger-service-duration", 0, slow},
		{"jaeger-services", 0, []call{{"/api/services", jaegerList(len(s.services))}}},
		{"jaeger-operations", 0, operations},
		{"jaeger-dependencies", sumsBudget, []call{{dependencies, jaegerList(1)}}},
	}, nil
}

// counted is how many traces the native search has for one of Jaeger's, up to a page.
func (s *shop) counted(ctx context.Context, heddle *server, path string) (int, error) {
	u, err := url.Parse(path)
	if err != nil {
		return 0, err
	}
	q := u.Query()
	pairs := []string{"service", q.Get("service"), "limit", strconv.Itoa(pageSize)}
	if d := q.Get("minDuration"); d != "" {
		pairs = append(pairs, "minDuration", d)
	}
	switch tags := q.Get("tags"); {
	case tags == `{"error":"true"}`:
		pairs = append(pairs, "status", "error")
	case tags != "":
		var name, value string
		if _, err := fmt.Sscanf(tags, `{%q:%q}`, &name, &value); err != nil {
			return 0, fmt.Errorf("%s: %w", tags, err)
		}
		pairs = append(pairs, "tag", name+"="+value)
	}
	from, err := strconv.ParseInt(q.Get("start"), 10, 64)
	if err != nil {
		return 0, err
	}
	to, err := strconv.ParseInt(q.Get("end"), 10, 64)
	if err != nil {
		return 0, err
	}
	var found struct{ Traces []struct{} }
	err = heddle.getJSON(ctx, s.native("traces", window{from * 1e3, to * 1e3}, pairs...), &found)
	return len(found.Traces), err
}

// search makes calls of Tempo's search, each query in each window.
func (s *shop) search(want int, windows []window, queries ...string) (list []call) {
	for _, w := range windows {
		for _, q := range queries {
			list = append(list, call{s.tempo("search", w, "q", q, "limit", strconv.Itoa(pageSize)), traceList(want)})
		}
	}
	return list
}

func (s *shop) traceQLClasses() []question {
	var attribute, structure []string
	for _, v := range s.tenants {
		attribute = append(attribute, fmt.Sprintf(`{ resource.service.name = %q && span.%s = %q }`, checkout, tenant, v))
	}
	for _, service := range s.services[:min(4, len(s.services))] {
		structure = append(structure, fmt.Sprintf(`{ span.%s != nil } >> { resource.service.name = %q }`, tenant, service))
	}
	return []question{
		{"tempo-trace", traceBudget, s.each(func(t storedTrace) string { return "/tempo/api/v2/traces/" + t.ID },
			func(t storedTrace) func([]byte) error { return mentions(`"spanId"`, t.Spans) })},
		{"traceql-attribute", searchBudget, s.search(1, s.recent(), attribute...)},
		{"traceql-duration", 0, s.search(pageSize, s.recent(), `{ duration > 50ms }`, `{ kind = server && duration > 20ms }`)},
		{"traceql-status", 0, s.search(1, s.recent(), `{ status = error }`)},
		{"traceql-regex", 0, s.search(1, s.recent(), `{ span.http.route =~ "/.*" && resource.service.name =~ "(check|cart|pay).*" }`)},
		{"traceql-structure", 0, s.search(1, s.recent(), structure...)},
		{"traceql-count", 0, s.search(1, s.recent(), `{ kind = client } | count() > 5`, `{ status = error } | count() > 1`)},
		{"tempo-tags", 0, in(s.recent(), listUnder("scopes"), func(w window) string { return s.tempo("v2/search/tags", w) })},
		{"tempo-values", 0, append(in(s.recent(), listUnder("tagValues"), func(w window) string { return s.tempo("v2/search/tag/span."+tenant+"/values", w) }),
			in(s.recent(), listUnder("tagValues"), func(w window) string {
				return s.tempo("v2/search/tag/resource.service.name/values", w, "q", `{ status = error }`)
			})...)},
	}
}

// metric makes calls of Tempo's metrics in windows. count: of what samples of
// rates add up to, 0: unknown.
func (s *shop) metric(windows []window, count int, query string) []call {
	const steps = 60
	seconds := max((windows[0].to-windows[0].from)/1e9/steps, 1)
	if seconds > 60 { // whole minutes, as Grafana's steps are
		seconds = (seconds + 59) / 60 * 60
	}
	return in(windows, metricSeries(float64(seconds), count), func(w window) string {
		return s.tempo("metrics/query_range", w, "q", query, "step", strconv.FormatInt(seconds, 10)+"s", "exemplars", "0")
	})
}

func (s *shop) metricsClasses() []question {
	whole := []window{s.all()}
	return []question{
		{"metrics-rate", sumsBudget, s.metric(whole, s.sent.Spans, `{ } | rate()`)},
		{"metrics-rate-by-service", sumsBudget, s.metric(whole, s.sent.Spans, `{ } | rate() by (resource.service.name)`)},
		{"metrics-rate-of-roots", 0, s.metric(whole, 0, `{ nestedSetParent < 0 } | rate() by (resource.service.name)`)},
		{"metrics-rate-by-attribute", 0, s.metric(whole, 0, `{ resource.service.name = "`+checkout+`" } | rate() by (span.`+tenant+`)`)},
		{"metrics-quantiles", 0, s.metric(whole, 0, `{ kind = server } | quantile_over_time(duration, .5, .95, .99) by (resource.service.name)`)},
		{"metrics-compare", 0, s.metric(s.readable(), 0, `{ } | compare({ status = error })`)},
	}
}

func (s *shop) nativeClasses(ctx context.Context, heddle *server) ([]question, error) {
	whole, recent, readable := []window{s.all()}, s.recent(), s.readable()
	ofCheckout := []string{"service", checkout}
	at := func(path string, pairs ...string) func(window) string {
		return func(w window) string { return s.native(path, w, pairs...) }
	}
	ofTrace := func(path string) func(storedTrace) string {
		return func(t storedTrace) string { return "/heddle/v1/traces/" + t.ID + path }
	}
	check := func(f func([]byte) error) func(storedTrace) func([]byte) error {
		return func(storedTrace) func([]byte) error { return f }
	}
	deep, err := s.deepPages(ctx, heddle)
	if err != nil {
		return nil, err
	}
	// Whether the pieces add up is known of one piece only.
	inPiece := 0
	if len(readable) == 1 {
		inPiece = s.sent.Spans
	}
	var diff []call
	for i := 1; i < len(s.traces); i++ {
		diff = append(diff, call{s.native("diff", s.all(), "a", s.traces[i-1].ID, "b", s.traces[i].ID), listUnder("nodes")})
	}
	return []question{
		{"native-skeleton", traceBudget, s.each(ofTrace("/skeleton"), func(t storedTrace) func([]byte) error {
			return mentions(`"rows":`+strconv.Itoa(t.Spans)+`,`, 1)
		})},
		{"native-spans", traceBudget, s.each(func(t storedTrace) string { return ofTrace("/spans?id=" + t.Found[0].ID)(t) }, check(listUnder("spans")))},
		{"native-criticalpath", 0, s.each(ofTrace("/criticalpath"), check(listUnder("rows")))},
		{"native-flame", 0, s.each(ofTrace("/flame"), func(t storedTrace) func([]byte) error { return nativeSpans("", "spans", t.Spans) })},
		{"native-usual", 0, s.each(func(t storedTrace) string { return ofTrace("/spans/" + t.Found[0].ID + "/usual")(t) }, check(nativeSpans("", "spans", 0)))},
		{"native-search", searchBudget, in(recent, traceList(1), at("traces", "service", checkout, "tag", tenant+"="+s.tenants[0]))},
		{"native-search-query", 0, in(recent, traceList(1), at("traces", "q", `{ resource.service.name = "`+checkout+`" } >> { status = error }`))},
		{"native-search-page", 0, deep},
		{"native-search-longest", 0, in(readable, traceList(pageSize), at("traces", append(ofCheckout, "sort", "longest")...))},
		{"native-search-errors", 0, in(readable, traceList(1), at("traces", "status", "error", "sort", "errors"))},
		{"native-search-total", 0, in(readable, traceList(pageSize), at("traces", append(ofCheckout, "total", "exact")...))},
		{"native-overview", 0, in(readable, nativeSpans("", "spans", inPiece), at("overview"))},
		{"native-overview-selected", 0, in(readable, nativeSpans("", "spans", 0), at("overview", append(ofCheckout, "facet", "span."+tenant, "facet", "span.http.response.status_code")...))},
		{"native-compare", 0, in(readable, listUnder("keys"), at("compare", "selection", `{ status = error }`, "service", checkout))},
		{"native-compare-all", 0, in(readable, listUnder("keys"), at("compare", "selection", `{ duration > 50ms }`))},
		{"native-rates", sumsBudget, in(whole, nativeSpans("groups", "spans", s.sent.Spans), at("rates"))},
		{"native-rates-steps", sumsBudget, in(whole, nativeSpans("groups", "spans", s.sent.Spans), at("rates", "step", stepOf(s.all())))},
		{"native-rates-by-attribute", 0, in(readable, nativeSpans("groups", "spans", 0), at("rates", append(ofCheckout, "by", "span."+tenant, "exemplars", "1")...))},
		{"native-graph", sumsBudget, in(readable, nativeSpans("edges", "calls", 0), at("graph"))},
		{"native-graph-services", sumsBudget, in(whole, nativeSpans("edges", "calls", 0), at("graph", "nodes", "services"))},
		{"native-graph-selected", 0, in(recent[len(recent)-1:], nativeSpans("edges", "calls", 0), at("graph", "service", checkout, "status", "error"))},
		{"native-structure", 0, in(recent, listUnder("nodes"), at("structure", ofCheckout...))},
		{"native-diff", 0, diff},
		{"native-diff-queries", 0, in(recent, listUnder("nodes"), at("diff", "qa", `{ status = error }`, "qb", `{ resource.service.name = "`+checkout+`" && status != error }`))},
		{"native-services", sumsBudget, in(whole, nativeSpans("services", "spans", s.sent.Spans), at("services"))},
		{"native-operations", 0, in(recent, listUnder("operations"), at("operations", ofCheckout...))},
		{"native-keys", 0, in(recent, listUnder("keys"), at("keys"))},
		{"native-values", 0, in(recent, listUnder("values"), at("values", "key", tenant, "scope", "span"))},
	}, nil
}

// stepOf makes steps of whole minutes of a window, 60 at most, as dashboards do.
func stepOf(w window) string {
	step := time.Duration(w.to-w.from) / 60
	return (step.Truncate(time.Minute) + time.Minute).String()
}

// deepPages are the second to the fifth page of a search.
func (s *shop) deepPages(ctx context.Context, heddle *server) (list []call, err error) {
	path := s.native("traces", s.all(), "service", checkout)
	first := path
	for range 4 {
		var page struct{ After string }
		if err := heddle.getJSON(ctx, path, &page); err != nil {
			return nil, err
		}
		if page.After == "" {
			return list, nil
		}
		path = first + "&after=" + url.QueryEscape(page.After)
		list = append(list, call{path, traceList(1)})
	}
	return list, nil
}
