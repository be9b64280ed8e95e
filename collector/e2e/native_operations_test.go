package e2e

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/heddle-io/heddle/query/api/native/client"
)

// shopTraces is how many traces the shop of these tests has, of four spans
// each. Every fifth failed.
const shopTraces = 23

// shop is what was sent to be asked about.
type shop struct {
	*nativeClient
	server     *server
	ids        []string // of the traces, the oldest first
	start, end string   // a window around them
}

// openShop sends traces in which web calls cart and cart its database.
func openShop(t *testing.T) *shop {
	t.Helper()
	s := newServer(t)
	k := &shop{nativeClient: s.newNativeClient(t), server: s}
	first := time.Now().Add(-10 * time.Minute).Truncate(time.Second)
	k.start, k.end = fmt.Sprint(first.UnixNano()), fmt.Sprint(first.Add(time.Minute).UnixNano())
	td := ptrace.NewTraces()
	for i := range shopTraces {
		traceID := newTraceID()
		k.ids = append(k.ids, traceID.String())
		parent := pcommon.SpanID{}
		add := func(service, name string, kind ptrace.SpanKind, afterMs, lengthMs int) ptrace.Span {
			rs := td.ResourceSpans().AppendEmpty()
			rs.Resource().Attributes().PutStr("service.name", service)
			sp := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
			sp.SetTraceID(pcommon.TraceID(traceID))
			sp.SetSpanID(pcommon.SpanID(newSpanID()))
			sp.SetParentSpanID(parent)
			sp.SetName(name)
			sp.SetKind(kind)
			start := first.Add(time.Duration(i)*time.Second + time.Duration(afterMs)*time.Millisecond)
			sp.SetStartTimestamp(pcommon.NewTimestampFromTime(start))
			sp.SetEndTimestamp(pcommon.NewTimestampFromTime(start.Add(time.Duration(lengthMs) * time.Millisecond)))
			parent = sp.SpanID()
			return sp
		}
		root := add("web", "GET /", ptrace.SpanKindServer, 0, 100+7*i%20)
		if i%5 == 0 {
			root.Status().SetCode(ptrace.StatusCodeError)
			root.Status().SetMessage("no cart")
		}
		add("web", "call cart", ptrace.SpanKindClient, 5, 60)
		cart := add("cart", "GET /cart", ptrace.SpanKindServer, 10, 50)
		if i%5 == 0 { // as the proxies of a mesh say it, which leave the status unset
			cart.Attributes().PutStr("error", "true")
		}
		cart.Attributes().PutStr("tenant", []string{"blue", "green"}[i%2])
		cart.Attributes().PutInt("http.response.status_code", 200)
		db := add("cart", "SELECT", ptrace.SpanKindClient, 20, 30)
		db.Attributes().PutStr("db.system.name", "postgresql")
		db.Attributes().PutStr("db.namespace", "carts")
	}
	k.send(td)
	return k
}

func (k *shop) send(td ptrace.Traces) {
	k.t.Helper()
	body, err := ptraceotlp.NewExportRequestFromTraces(td).MarshalProto()
	if err != nil {
		k.t.Fatal(err)
	}
	postOTLP(k.t, k.server, body, "application/x-protobuf", "")
}

// TestNativeClient drives the binary with the client that is generated from the
// contract of the native API, with every operation that the contract has.
func TestNativeClient(t *testing.T) {
	t.Parallel()
	k := openShop(t)
	t.Run("what there is", k.whatThereIs)
	t.Run("pages", k.pages)
	t.Run("streams", k.streams)
	t.Run("tail", k.tail)
	t.Run("many spans", k.manySpans)
	t.Run("one trace", k.oneTrace)
	t.Run("odd spans", k.oddSpans)
	t.Run("refusals", k.refusals)
	t.Run("deletions", k.deletions) // last: they take traces away
	if !t.Failed() {
		k.expectComplete()
	}
}

func (k *shop) whatThereIs(t *testing.T) {
	ctx := t.Context()
	status, err := k.GetStatusWithResponse(ctx)
	demand(t, err)
	if s := exactly(t, "status", status.Body, status.JSON200); s.Spans != 4*shopTraces || !s.Durable || !s.Deletes {
		t.Errorf("status: %+v", s)
	}
	document, err := k.GetOpenAPIWithResponse(ctx)
	demand(t, err)
	if !bytes.HasPrefix(document.Body, []byte("openapi: 3.1")) {
		t.Errorf("the contract begins with %.30q", document.Body)
	}
	services, err := k.ListServicesWithResponse(ctx, &client.ListServicesParams{Start: &k.start, End: &k.end})
	demand(t, err)
	same(t, "services", exactly(t, "services", services.Body, services.JSON200).Services, []client.ServiceCount{
		{Name: "cart", Spans: 2 * shopTraces, Errors: 5}, {Name: "web", Spans: 2 * shopTraces, Errors: 5},
	})
	operations, err := k.ListOperationsWithResponse(ctx, &client.ListOperationsParams{Service: "web", Start: &k.start, End: &k.end})
	demand(t, err)
	same(t, "operations", exactly(t, "operations", operations.Body, operations.JSON200).Operations, []client.Operation{
		{Name: "GET /", Kind: "server", Spans: shopTraces}, {Name: "call cart", Kind: "client", Spans: shopTraces},
	})
	keys, err := k.ListKeysWithResponse(ctx, &client.ListKeysParams{Start: &k.start, End: &k.end})
	demand(t, err)
	var names []string
	for _, key := range exactly(t, "keys", keys.Body, keys.JSON200).Keys {
		names = append(names, string(key.Scope)+"."+key.Name)
	}
	slices.Sort(names)
	same(t, "keys", names, []string{"resource.service.name", "span.db.namespace", "span.db.system.name", "span.error", "span.http.response.status_code", "span.tenant"})
	values, err := k.ListValuesWithResponse(ctx, &client.ListValuesParams{
		Key: "tenant", Scope: new(client.ListValuesParamsScope("span")), Prefix: new("b"), Start: &k.start, End: &k.end,
		Service: new("cart"), Tag: &[]string{"http.response.status_code=200"},
	})
	demand(t, err)
	same(t, "values", *exactly(t, "values", values.Body, values.JSON200), client.ValueList{Values: []client.ValueCount{{Value: "blue", Spans: (shopTraces + 1) / 2}}})
}

// pages follows every order to its end.
func (k *shop) pages(t *testing.T) {
	for _, sort := range []client.Order{"recent", "longest", "shortest", "spans", "errors"} {
		for _, limit := range []int{1, 4, shopTraces} {
			what := fmt.Sprintf("%s by %d", sort, limit)
			var seen []string
			var after *string
			for page := 1; ; page++ {
				answer, err := k.SearchTracesWithResponse(t.Context(), &client.SearchTracesParams{
					Q: new(`{ resource.service.name = "web" } >> { span.tenant =~ "blue|green" }`), Service: new("cart"),
					Sort: &sort, Limit: &limit, After: after, Start: &k.start, End: &k.end, Spans: new(1), Total: new(client.Relation("exact")),
				})
				demand(t, err)
				list := exactly(t, what, answer.Body, answer.JSON200)
				if list.Total.Traces != shopTraces || list.Total.Relation != "exact" {
					t.Errorf("%s, page %d: %+v", what, page, list.Total)
				}
				for _, found := range list.Traces {
					seen = append(seen, found.TraceID)
					if found.MatchedSpans != 1 || found.RootService != "web" || found.Spans != 4 || found.Selected == nil || (*found.Selected)[0].Name != "GET /cart" {
						t.Errorf("%s: %+v", what, found)
					}
				}
				if (list.After != nil) != list.More {
					t.Errorf("%s, page %d: more is %v and after %v", what, page, list.More, list.After)
				}
				if after = list.After; after == nil {
					break
				}
				if page > shopTraces {
					t.Fatalf("%s: page %d and there is no end", what, page)
				}
			}
			if sort == "recent" {
				slices.Reverse(seen)
				same(t, what, seen, k.ids)
			}
			slices.Sort(seen)
			same(t, what+": every trace once", seen, slices.Sorted(slices.Values(k.ids)))
		}
	}
}

// streams reads a search as lines and as events; both say what the list says.
func (k *shop) streams(t *testing.T) {
	listed, err := k.SearchTracesWithResponse(t.Context(), &client.SearchTracesParams{Start: &k.start, End: &k.end, Limit: new(5)})
	demand(t, err)
	for _, sse := range []bool{false, true} {
		res, err := k.StreamTraces(t.Context(), &client.StreamTracesParams{Start: &k.start, End: &k.end, Limit: new(5)}, accepting(sse))
		demand(t, err)
		events := eventsOf(t, res.Body, sse, func(nativeEvent) bool { return true })
		res.Body.Close()
		same(t, "types", typesOf(events), []string{"trace", "end"})
		var got client.TraceList
		for _, e := range events {
			switch e.Type {
			case "trace":
				got.Traces = append(got.Traces, exactly(t, "trace", e.body, &client.TraceEvent{}).Trace)
			case "progress":
				exactly(t, "progress", e.body, &client.ProgressEvent{})
			default:
				end := exactly(t, "end", e.body, &client.EndEvent{})
				got.More, got.After, got.Total, got.Partial, got.Stats, got.InspectedSpans = end.More, end.After, end.Total, end.Partial, end.Stats, end.Stats.ScannedSpans
			}
		}
		same(t, "streamed", got, listed.JSON200)
	}
	res, err := k.StreamTracesWithResponse(t.Context(), &client.StreamTracesParams{Q: new("{ duration > }")})
	demand(t, err)
	exactly(t, "a stream of a query that does not parse", res.Body, res.JSON400)
}

// tail sends a span while it is followed.
func (k *shop) tail(t *testing.T) {
	for _, sse := range []bool{false, true} {
		service := unique("tailed")
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		start := time.Now()
		res, err := k.TailSpans(ctx, &client.TailSpansParams{
			Service: &service, Rate: new(10), Lookback: new("5m"), Since: new(fmt.Sprint(start.UnixNano())),
		}, accepting(sse))
		demand(t, err)
		late := ptrace.NewTraces()
		rs := late.ResourceSpans().AppendEmpty()
		rs.Resource().Attributes().PutStr("service.name", service)
		sp := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		traceID, spanID := newTraceID(), newSpanID()
		sp.SetTraceID(pcommon.TraceID(traceID))
		sp.SetSpanID(pcommon.SpanID(spanID))
		sp.SetName("late")
		sp.SetKind(ptrace.SpanKindProducer)
		sp.SetStartTimestamp(pcommon.NewTimestampFromTime(start))
		sp.SetEndTimestamp(pcommon.NewTimestampFromTime(start.Add(time.Millisecond)))
		events := eventsOf(t, res.Body, sse, func(e nativeEvent) bool {
			if e.Type == "status" {
				exactly(t, "status", e.body, &client.TailStatusEvent{})
				k.send(late) // again, should there be another one; it is the same span
			}
			return e.Type == "status"
		})
		res.Body.Close()
		same(t, "types", typesOf(events), []string{"status", "spans"})
		got := exactly(t, "spans", events[len(events)-1].body, &client.SpansEvent{})
		same(t, "tailed", got.Spans, []client.TailedSpan{{
			TraceID: traceID.String(), SpanID: spanID.String(), Service: service, Name: "late", Kind: "producer",
			StartUnixNano: fmt.Sprint(start.UnixNano()), DurationNs: 1_000_000,
		}})
	}
}

func (k *shop) manySpans(t *testing.T) {
	ctx := t.Context()
	overview, err := k.GetOverviewWithResponse(ctx, &client.GetOverviewParams{
		Start: &k.start, End: &k.end, Facet: &[]string{"span.tenant", "intrinsic.kind"}, Values: new(1), Columns: new(10), Rows: new(8), MinDuration: new("1ms"),
	})
	demand(t, err)
	o := exactly(t, "overview", overview.Body, overview.JSON200)
	if o.Spans != 4*shopTraces || o.Errors != 10 || len(o.Facets) != 2 || o.Facets[0].AbsentSpans != 3*shopTraces || o.Facets[0].Distinct != 2 {
		t.Errorf("overview: %+v", o)
	}
	cells := int64(0)
	for _, n := range o.Heatmap.Spans {
		cells += n
	}
	if cells != o.Spans {
		t.Errorf("the heatmap has %d spans of %d", cells, o.Spans)
	}

	comparison, err := k.CompareSpansWithResponse(ctx, &client.CompareSpansParams{
		Selection: `{ span.tenant = "blue" }`, Baseline: new(`{ span.tenant = "green" }`), Start: &k.start, End: &k.end, Key: &[]string{"span.tenant", "intrinsic.name"},
	})
	demand(t, err)
	if c := exactly(t, "comparison", comparison.Body, comparison.JSON200); c.Selection.Spans+c.Baseline.Spans != shopTraces || c.Keys[0].Key.Name != "tenant" || c.Keys[0].Score < 0.5 {
		t.Errorf("comparison: %+v", c)
	}
	comparison, err = k.CompareSpansWithResponse(ctx, &client.CompareSpansParams{Selection: `{ status = error }`, Start: &k.start, End: &k.end})
	demand(t, err)
	if c := exactly(t, "comparison", comparison.Body, comparison.JSON200); c.Selection.Spans != 5 || c.Baseline.Spans != 4*shopTraces-5 {
		t.Errorf("comparison with the rest: %+v", c)
	}

	rates, err := k.GetRatesWithResponse(ctx, &client.GetRatesParams{Start: &k.start, End: &k.end})
	demand(t, err)
	if r := exactly(t, "rates", rates.Body, rates.JSON200); r.Source != "store" || len(r.Groups) != 2 || r.Groups[0].Spans != 2*shopTraces || r.Groups[0].P50Ns == nil {
		t.Errorf("rates: %+v", r)
	}
	rates, err = k.GetRatesWithResponse(ctx, &client.GetRatesParams{
		Start: &k.start, End: &k.end, By: &[]string{"resource.service.name", "span.tenant"}, Step: new("10s"), Exemplars: new(2), Kind: new(client.Kind("server")),
	})
	demand(t, err)
	r := exactly(t, "rates by two keys", rates.Body, rates.JSON200)
	from, err := strconv.ParseInt(r.StartUnixNano, 10, 64)
	demand(t, err)
	begin, err := strconv.ParseInt(k.start, 10, 64)
	demand(t, err)
	steps := 6 // of a minute; one more when the first and the last are cut
	if begin != from {
		steps++
	}
	if from%int64(10*time.Second) != 0 || from > begin || begin-from >= int64(10*time.Second) {
		t.Errorf("the first cell begins at %d, the window at %d", from, begin)
	}
	for _, g := range r.Groups {
		sum := int64(0)
		for _, n := range g.Cells.Spans {
			sum += n
		}
		if len(g.Cells.Spans) != steps || len(g.Cells.P99Ns) != steps || sum != g.Spans || g.Cells.P99Ns[steps-1] != nil || len(*g.Exemplars) != 2 {
			t.Errorf("a group of rates: %+v", g)
		}
	}
	if len(r.Groups) != 3 || r.StepNs != int64(10*time.Second) {
		t.Errorf("%d groups, a step of %d ns", len(r.Groups), r.StepNs)
	}

	for _, nodes := range []client.GetGraphParamsNodes{"all", "services"} {
		graph, err := k.GetGraphWithResponse(ctx, &client.GetGraphParams{Start: &k.start, End: &k.end, Nodes: &nodes})
		demand(t, err)
		g := exactly(t, "graph", graph.Body, graph.JSON200)
		var edges []string
		for _, e := range g.Edges {
			edges = append(edges, fmt.Sprintf("%s calls %s (%s) %d times, %d failed", g.Nodes[e.Caller].Name, g.Nodes[e.Callee].Name, g.Nodes[e.Callee].Kind, e.Calls, e.Errors))
		}
		slices.Sort(edges)
		want := []string{"cart calls carts (database) 23 times, 0 failed", "web calls cart (service) 23 times, 5 failed"}
		if nodes == "services" {
			want = want[1:]
		}
		same(t, "graph of "+string(nodes), edges, want)
	}

	structure, err := k.GetStructureWithResponse(ctx, &client.GetStructureParams{Start: &k.start, End: &k.end, Limit: new(10)})
	demand(t, err)
	if s := exactly(t, "structure", structure.Body, structure.JSON200); s.Traces != 10 || !s.More || len(s.Nodes) != 4 || s.Nodes[3].Parent != 2 || s.Nodes[0].Spans != 10 {
		t.Errorf("structure: %+v", s)
	}

	diff, err := k.DiffTracesWithResponse(ctx, &client.DiffTracesParams{A: &k.ids[0], B: &k.ids[1]})
	demand(t, err)
	if d := exactly(t, "diff", diff.Body, diff.JSON200); *d.A.TraceID != k.ids[0] || len(d.Nodes) != 4 {
		t.Errorf("diff: %+v", d)
	}
	diff, err = k.DiffTracesWithResponse(ctx, &client.DiffTracesParams{Qa: new(`{ status = error }`), Qb: new(`{ name = "no such" }`), Start: &k.start, End: &k.end})
	demand(t, err)
	if d := exactly(t, "diff with nothing", diff.Body, diff.JSON200); d.A.Traces != 5 || d.B.Traces != 0 || d.Nodes[0].Change != "removed" || d.Nodes[0].B != nil {
		t.Errorf("diff with nothing: %+v", d)
	}
}

func (k *shop) oneTrace(t *testing.T) {
	ctx, id := t.Context(), k.ids[0]
	skeleton, err := k.GetSkeletonWithResponse(ctx, id)
	demand(t, err)
	if skeleton.StatusCode() != http.StatusOK || len(skeleton.Body) < 8 {
		t.Fatalf("skeleton: status %d: %.300s", skeleton.StatusCode(), skeleton.Body)
	}
	text := skeleton.Body[8:][:binary.LittleEndian.Uint32(skeleton.Body[4:])]
	header := exactly(t, "header of the skeleton", text, &client.SkeletonHeader{})
	if header.TraceID != id || header.Rows != 4 || header.Errors != 2 || header.Roots != 1 || header.Segments != 1 {
		t.Errorf("skeleton: %+v", header)
	}
	ids := k.server.skeleton(t, id).ids

	spans, err := k.GetSpansWithResponse(ctx, id, &client.GetSpansParams{ID: strings.Join(ids, ",")})
	demand(t, err)
	list := exactly(t, "spans", spans.Body, spans.JSON200).Spans
	if len(list) != 4 || list[0].Status.Code != "error" || *list[1].ParentSpanID != list[0].SpanID || list[3].Attributes[0].Value != "postgresql" {
		t.Errorf("spans: %+v", list)
	}

	path, err := k.GetCriticalPathWithResponse(ctx, id)
	demand(t, err)
	p := exactly(t, "critical path", path.Body, path.JSON200)
	sum := int64(0)
	for _, ns := range p.DurationsNs {
		sum += ns
	}
	if sum != p.Root.DurationNs || p.Root.SpanID != ids[0] {
		t.Errorf("critical path: the segments take %d ns: %+v", sum, p)
	}
	flame, err := k.GetFlameWithResponse(ctx, id, &client.GetFlameParams{Nodes: new(2)})
	demand(t, err)
	if f := exactly(t, "flame", flame.Body, flame.JSON200); f.Spans != 4 || len(f.Nodes) != 2 || f.FoldedSpans != 2 {
		t.Errorf("flame: %+v", f)
	}
	usual, err := k.GetUsualWithResponse(ctx, id, ids[2], &client.GetUsualParams{})
	demand(t, err)
	if u := exactly(t, "usual", usual.Body, usual.JSON200); u.Spans != shopTraces || u.Name != "GET /cart" || u.ShorterSpans != 0 {
		t.Errorf("usual: %+v", u)
	}
	usual, err = k.GetUsualWithResponse(ctx, id, ids[2], &client.GetUsualParams{Start: new("1"), End: new("2")})
	demand(t, err)
	if u := exactly(t, "usual, of nothing", usual.Body, usual.JSON200); u.Spans != 0 || u.Percentile != nil || u.MeanNs != nil {
		t.Errorf("usual, of nothing: %+v", u)
	}
}

// oddSpans asks for everything that is said of single traces about spans that
// are unlike others.
func (k *shop) oddSpans(t *testing.T) {
	ctx := t.Context()
	full, at := newTraceID().String(), time.Now().UnixNano()
	document, want := otlpSpan("contract", full, newSpanID().String(), at)
	postOTLP(t, k.server, []byte(document), "application/json", "")
	spans, err := k.GetSpansWithResponse(ctx, full, &client.GetSpansParams{ID: want.SpanID})
	demand(t, err)
	got := exactly(t, "span", spans.Body, spans.JSON200).Spans[0]
	if *got.DroppedLinks != 3 || *got.Flags != 769 || (*got.Links[0].TraceState) != "c=d" || len(got.Attributes) != 5 || (*got.Scope.Attributes)[0].Type != "bool" {
		t.Errorf("span: %+v", got)
	}

	still := newTraceID().String() // a span that takes no time
	document = fmt.Sprintf(`{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"%s","spanId":"%s","parentSpanId":"00000000000000ff","startTimeUnixNano":"%d","endTimeUnixNano":"%d"}]}]}]}`,
		still, newSpanID(), at, at)
	postOTLP(t, k.server, []byte(document), "application/json", "")
	for _, id := range []string{full, still} {
		path, err := k.GetCriticalPathWithResponse(ctx, id)
		demand(t, err)
		exactly(t, "critical path", path.Body, path.JSON200)
		flame, err := k.GetFlameWithResponse(ctx, id, &client.GetFlameParams{})
		demand(t, err)
		exactly(t, "flame", flame.Body, flame.JSON200)
		diff, err := k.DiffTracesWithResponse(ctx, &client.DiffTracesParams{A: &id, B: &still})
		demand(t, err)
		exactly(t, "diff", diff.Body, diff.JSON200)
	}
	list, err := k.SearchTracesWithResponse(ctx, &client.SearchTracesParams{Start: new(strconv.FormatInt(at, 10)), End: new(strconv.FormatInt(at+1, 10)), MaxDuration: new("0s")})
	demand(t, err)
	if found := exactly(t, "search", list.Body, list.JSON200).Traces; len(found) != 1 || found[0].RootMissing == nil || found[0].Orphans != 1 {
		t.Errorf("search of a span without a parent: %+v", found)
	}
}

// refusals has each kind of them; the client's type for them is one.
func (k *shop) refusals(t *testing.T) {
	ctx := t.Context()
	refused := func(what string, body []byte, refusal *client.Refusal, code client.ProblemCode) client.Problem {
		t.Helper()
		p := exactly(t, what, body, refusal).Error
		if p.Code != code || p.Message == "" {
			t.Errorf("%s: %+v, want %s", what, p, code)
		}
		return p
	}
	search, err := k.SearchTracesWithResponse(ctx, &client.SearchTracesParams{Q: new("{ duration > }")})
	demand(t, err)
	if p := refused("a query that does not parse", search.Body, search.JSON400, "bad_request"); p.Line == nil || p.Column == nil || *p.Column != 14 {
		t.Errorf("it does not say where: %+v", p)
	}
	services, err := k.ListServicesWithResponse(ctx, &client.ListServicesParams{Start: new("yesterday")})
	demand(t, err)
	refused("a start that is no time", services.Body, services.JSON400, "bad_request")
	rates, err := k.GetRatesWithResponse(ctx, &client.GetRatesParams{Start: &k.start, End: &k.end, Groups: new(1)})
	demand(t, err)
	refused("more groups than asked for", rates.Body, rates.JSON422, "too_large")
	flame, err := k.GetFlameWithResponse(ctx, "ff", &client.GetFlameParams{})
	demand(t, err)
	refused("a trace that is not there", flame.Body, flame.JSON404, "not_found")
	tail, err := k.TailSpansWithResponse(ctx, &client.TailSpansParams{Rate: new(0)})
	demand(t, err)
	refused("a tail without spans", tail.Body, tail.JSON400, "bad_request")

	order := func(contentType, body string, headers ...string) *client.CreateDeletionResponse {
		t.Helper()
		res, err := k.CreateDeletionWithBodyWithResponse(ctx, contentType, strings.NewReader(body), func(_ context.Context, req *http.Request) error {
			for i := 0; i < len(headers); i += 2 {
				req.Header.Set(headers[i], headers[i+1])
			}
			return nil
		})
		demand(t, err)
		return res
	}
	res := order("text/plain", `{"traceId":"1"}`)
	refused("an order that is not JSON", res.Body, res.JSON415, "bad_request")
	res = order("application/json", `{"traceId":"1"}`, "Sec-Fetch-Site", "cross-site")
	refused("an order of another site", res.Body, res.JSON403, "forbidden")
	res = order("application/json", `{"traceId":"1","reason":"`+strings.Repeat("x", 64<<10)+`"}`)
	refused("an order that is too long", res.Body, res.JSON413, "too_large")
	res = order("application/json", `{"traceId":"1","all":true}`)
	refused("an order with an unknown field", res.Body, res.JSON400, "bad_request")
}

func (k *shop) deletions(t *testing.T) {
	ctx := t.Context()
	byKey, err := k.CreateDeletionWithResponse(ctx, client.DeletionOrder{
		Key: &client.DeletionKey{Scope: "span", Name: "tenant"}, Value: "blue", Type: new(client.DeletionType("string")), Reason: new("asked for"),
	})
	demand(t, err)
	ordered := exactly(t, "order", byKey.Body, byKey.JSON202)
	if len(ordered.Deletions) != 1 || ordered.Deletions[0].Value != "blue" || *ordered.Deletions[0].Reason != "asked for" {
		t.Errorf("order: %+v", ordered)
	}
	whole, err := k.DeleteTraceWithResponse(ctx, k.ids[1], &client.DeleteTraceParams{Reason: new("whole")})
	demand(t, err)
	exactly(t, "order of a trace", whole.Body, whole.JSON202)
	again, err := k.DeleteTraceWithResponse(ctx, k.ids[1], &client.DeleteTraceParams{})
	demand(t, err)
	exactly(t, "the same again", again.Body, again.JSON404)
	list, err := k.ListDeletionsWithResponse(ctx)
	demand(t, err)
	if l := exactly(t, "deletions", list.Body, list.JSON200).Deletions; len(l) != 2 || *l[0].TraceID != k.ids[1] || l[1].Key.Name != "tenant" {
		t.Errorf("deletions: %+v", l)
	}
	rates, err := k.GetRatesWithResponse(ctx, &client.GetRatesParams{Start: &k.start, End: &k.end, By: &[]string{"intrinsic.name"}, Service: new("cart")})
	demand(t, err)
	got := map[string]int64{}
	for _, g := range exactly(t, "rates", rates.Body, rates.JSON200).Groups {
		got[g.By[0].Text] = g.Spans
	}
	// The spans of blue are gone, and a trace of green.
	same(t, "what is left", got, map[string]int64{"GET /cart": shopTraces/2 - 1, "SELECT": shopTraces - 1})
}

func demand(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// accepting asks for server-sent events, or for lines of JSON.
func accepting(sse bool) client.RequestEditorFn {
	return func(_ context.Context, req *http.Request) error {
		if sse {
			req.Header.Set("Accept", "text/event-stream")
		}
		return nil
	}
}
