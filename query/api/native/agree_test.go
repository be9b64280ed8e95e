package native_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/query/api/jaeger"
	"github.com/heddle-io/heddle/query/api/native"
	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar"
)

// The window of everything here, in whole milliseconds: a minute of it has
// spans.
const (
	fromNs = int64(1_790_000_000_000_000_000)
	toNs   = fromNs + int64(10*time.Minute)
)

var wholeWindow = fmt.Sprintf("start=%d&end=%d", fromNs, toNs)

// untidyTraces are like those of systems that lose spans, send some twice, share
// ids between client and server, have proxies that tell failures by an
// attribute, and senders without a name.
func untidyTraces(rng *rand.Rand, n int) (list []ptrace.Traces) {
	services := []string{"web", "cart", "pay", "5", ""}
	for range n {
		td := ptrace.NewTraces()
		var id pcommon.TraceID
		binary.BigEndian.PutUint64(id[:], rng.Uint64()*rng.Uint64N(2)) // some have 64 bits
		binary.BigEndian.PutUint64(id[8:], rng.Uint64()|1)
		begin := fromNs + rng.Int64N(int64(time.Minute))
		for i := range 1 + rng.IntN(12) {
			rs := td.ResourceSpans().AppendEmpty()
			switch name := services[rng.IntN(len(services))]; name {
			case "":
			case "5":
				rs.Resource().Attributes().PutInt("service.name", 5)
			default:
				rs.Resource().Attributes().PutStr("service.name", name)
			}
			rs.Resource().Attributes().PutStr("host.name", fmt.Sprint("h", rng.IntN(3)))
			spans := rs.ScopeSpans().AppendEmpty().Spans()
			s := spans.AppendEmpty()
			s.SetTraceID(id)
			s.SetSpanID(pcommon.SpanID{7: byte(i + 1)})
			if i > 0 && rng.IntN(10) > 0 {
				s.SetParentSpanID(pcommon.SpanID{7: byte(rng.IntN(i) + 1)})
			}
			if rng.IntN(12) == 0 { // whose parent was lost
				s.SetParentSpanID(pcommon.SpanID{7: 99})
			}
			s.SetKind(ptrace.SpanKind(rng.IntN(4)))
			s.SetName(fmt.Sprint("op", rng.IntN(4)))
			start := begin + rng.Int64N(int64(time.Second))
			s.SetStartTimestamp(pcommon.Timestamp(start))
			s.SetEndTimestamp(pcommon.Timestamp(start + rng.Int64N(int64(time.Second))))
			switch rng.IntN(8) {
			case 0:
				s.Status().SetCode(ptrace.StatusCodeError)
			case 1:
				s.Attributes().PutStr("error", []string{"true", "false"}[rng.IntN(2)])
			case 2:
				s.Attributes().PutBool("error", true)
			}
			switch rng.IntN(15) {
			case 0: // the same again
				s.CopyTo(spans.AppendEmpty())
			case 1: // the server half of a shared id
				half := spans.AppendEmpty()
				s.CopyTo(half)
				s.SetKind(ptrace.SpanKindClient)
				half.SetKind(ptrace.SpanKindServer)
			}
		}
		list = append(list, td)
	}
	return list
}

// apis are the native API and Jaeger's over one store.
type apis struct {
	t *testing.T
	http.Handler
}

func openAPIs(t *testing.T, store storage.Store) apis {
	mux := http.NewServeMux()
	mux.Handle("/heddle/", native.NewHandler(native.Options{Store: store}))
	mux.Handle("/api/", jaeger.NewHandler(jaeger.Options{Spans: store.Spans(), Now: func() time.Time { return time.Unix(0, toNs) }}))
	return apis{t, mux}
}

func (a apis) get(path string) []byte {
	a.t.Helper()
	rec := httptest.NewRecorder()
	a.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path, nil))
	if rec.Code != http.StatusOK {
		a.t.Fatalf("%s: %d %s", path, rec.Code, rec.Body)
	}
	return rec.Body.Bytes()
}

func decoded[T any](a apis, path string) (v T) {
	a.t.Helper()
	if err := json.Unmarshal(a.get(path), &v); err != nil {
		a.t.Fatalf("%s: %v", path, err)
	}
	return v
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}

type count struct{ Spans, Errors int }

func (c count) plus(o count) count { return count{c.Spans + o.Spans, c.Errors + o.Errors} }

func sum[K comparable](m map[K]count) (all count) {
	for _, c := range m {
		all = all.plus(c)
	}
	return all
}

type named struct {
	Name          string
	Spans, Errors int
}

func byName(list []named) map[string]count {
	m := map[string]count{}
	for _, s := range list {
		m[s.Name] = count{s.Spans, s.Errors}
	}
	return m
}

// TestEveryAnswerAgrees: what one answer says of spans, services, calls and
// traces the others say too, of both APIs, in memory and in parts.
func TestEveryAnswerAgrees(t *testing.T) {
	seed := rand.Uint64()
	t.Log("seed", seed)
	options := columnar.DefaultDiskOptions()
	options.Dir, options.SealRows, options.Retention = t.TempDir(), 700, columnar.Retention{} // too few parts to be merged, which folds copies
	disk, err := columnar.OpenDisk(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	memory, err := columnar.Open(columnar.DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	for name, store := range map[string]storage.Store{"memory": memory, "disk": disk} {
		t.Run(name, func(t *testing.T) {
			defer store.Close()
			rng := rand.New(rand.NewPCG(seed, 1))
			stored := map[string]count{}
			for some := range slices.Chunk(untidyTraces(rng, 240), 20) {
				// The spans of a trace come in two requests.
				early, late := ptrace.NewTraces(), ptrace.NewTraces()
				for _, td := range some {
					for _, rs := range td.ResourceSpans().All() {
						name := ""
						if v, ok := rs.Resource().Attributes().Get("service.name"); ok {
							name = v.AsString()
						}
						for _, s := range rs.ScopeSpans().At(0).Spans().All() {
							c := count{Spans: 1}
							if e, ok := s.Attributes().Get("error"); s.Status().Code() == ptrace.StatusCodeError || ok && e.AsString() == "true" {
								c.Errors = 1
							}
							stored[name] = stored[name].plus(c)
						}
						to := []ptrace.Traces{early, late}[rng.IntN(2)]
						rs.CopyTo(to.ResourceSpans().AppendEmpty())
					}
				}
				for _, td := range []ptrace.Traces{early, late} {
					if outcome, err := store.Spans().WriteSpans(t.Context(), td); err != nil || outcome.RejectedCount() > 0 {
						t.Fatal(outcome, err)
					}
				}
			}
			a := openAPIs(t, store)
			a.countsAgree(stored)
			a.callsAgree()
			a.metricsAgree()
			a.tracesAgree(stored)
		})
	}
}

// countsAgree compares what is said of spans by service.
func (a apis) countsAgree(stored map[string]count) {
	t := a.t
	same(t, "/services", byName(decoded[struct{ Services []named }](a, "/heddle/v1/services?"+wholeWindow).Services), stored)
	rates := map[string]count{}
	for _, g := range decoded[struct {
		Groups []struct {
			By            []struct{ Text string }
			Spans, Errors int
		}
	}](a, "/heddle/v1/rates?"+wholeWindow).Groups {
		rates[g.By[0].Text] = rates[g.By[0].Text].plus(count{g.Spans, g.Errors})
	}
	same(t, "/rates", rates, stored)
	for _, nodes := range []string{"all", "services"} {
		g := decoded[struct{ Nodes []named }](a, "/heddle/v1/graph?nodes="+nodes+"&"+wholeWindow)
		same(t, "/graph?nodes="+nodes, byName(g.Nodes), stored)
	}
	o := decoded[struct {
		Spans, Errors int
		Facets        []struct {
			Values      []struct{ Spans, Errors int }
			AbsentSpans int
		}
		Heatmap struct{ Spans, Errors []int }
	}](a, "/heddle/v1/overview?values=200&"+wholeWindow)
	same(t, "/overview", count{o.Spans, o.Errors}, sum(stored))
	for i, f := range o.Facets {
		n := f.AbsentSpans
		for _, v := range f.Values {
			n += v.Spans
		}
		same(t, fmt.Sprint("facet ", i), n, o.Spans)
	}
	cells := count{}
	for i := range o.Heatmap.Spans {
		cells = cells.plus(count{o.Heatmap.Spans[i], o.Heatmap.Errors[i]})
	}
	same(t, "heatmap", cells, sum(stored))

	services := decoded[struct{ Data []string }](a, "/api/services").Data
	var shown []string
	for name := range stored {
		if name == "" {
			name = "OTLPResourceNoServiceName"
		}
		shown = append(shown, name)
	}
	slices.Sort(shown)
	same(t, "Jaeger's services", services, shown)
	for _, name := range services {
		jaegers := map[string]bool{}
		for _, o := range decoded[struct {
			Data []struct{ Name, SpanKind string }
		}](a, "/api/operations?service="+name).Data {
			jaegers[strings.TrimSuffix(o.Name+" "+o.SpanKind, " ")] = true
		}
		if name == "OTLPResourceNoServiceName" {
			continue // which the native API calls nothing
		}
		ours := map[string]bool{}
		n := 0
		for _, o := range decoded[struct {
			Operations []struct {
				Name, Kind string
				Spans      int
			}
		}](a, "/heddle/v1/operations?service="+name+"&"+wholeWindow).Operations {
			ours[strings.TrimSuffix(o.Name+" "+strings.Replace(o.Kind, "unspecified", "", 1), " ")] = true
			n += o.Spans
		}
		same(t, "operations of "+name, jaegers, ours)
		same(t, "spans of operations of "+name, n, stored[name].Spans)
	}
}

type ends struct{ caller, callee string }

// callsAgree compares the edges of all graphs.
func (a apis) callsAgree() {
	t := a.t
	edges := func(parameters string) map[ends]count {
		g := decoded[struct {
			Nodes []struct{ Name string }
			Edges []struct{ Caller, Callee, Calls, Errors int }
		}](a, "/heddle/v1/graph?"+parameters+wholeWindow)
		m := map[ends]count{}
		for _, e := range g.Edges {
			m[ends{g.Nodes[e.Caller].Name, g.Nodes[e.Callee].Name}] = count{e.Calls, e.Errors}
		}
		return m
	}
	all := edges("")
	if len(all) == 0 {
		t.Fatal("nobody calls anybody")
	}
	same(t, "edges that the store counts", edges("nodes=services&"), all)
	// Every trace has a span of this kind or not: together they are all.
	both := edges("q=" + url.QueryEscape("{ } | count() > 0") + "&")
	same(t, "edges of all traces", both, all)

	shown := map[ends]int{}
	for e, c := range all {
		for _, name := range []*string{&e.caller, &e.callee} {
			if *name == "" {
				*name = "OTLPResourceNoServiceName"
			}
		}
		shown[e] = c.Spans
	}
	v1, v3 := map[ends]int{}, map[ends]int{}
	for _, d := range decoded[struct {
		Data []struct {
			Parent, Child string
			CallCount     int
		}
	}](a, fmt.Sprintf("/api/dependencies?endTs=%d&lookback=%d", toNs/1e6-1, (toNs-fromNs)/1e6-1)).Data {
		v1[ends{d.Parent, d.Child}] = d.CallCount
	}
	for _, d := range decoded[struct {
		Dependencies []struct{ Parent, Child, CallCount string }
	}](a, "/api/v3/dependencies?startTime="+rfc3339(fromNs)+"&endTime="+rfc3339(toNs)).Dependencies {
		v3[ends{d.Parent, d.Child}], _ = strconv.Atoi(d.CallCount)
	}
	same(t, "/api/dependencies", v1, shown)
	same(t, "/api/v3/dependencies", v3, shown)
}

func rfc3339(ns int64) string { return time.Unix(0, ns).UTC().Format(time.RFC3339Nano) }

// metricsAgree compares Jaeger's Monitor tab with rates, a kind at a time.
func (a apis) metricsAgree() {
	t := a.t
	for _, kind := range []string{"server", "client", "internal"} {
		for _, service := range []string{"web", "5"} {
			groups := decoded[struct {
				Groups []struct {
					Spans, Errors       int
					ErrorShare          float64
					P90Ns, MinNs, MaxNs float64
				}
			}](a, "/heddle/v1/rates?service="+service+"&kind="+kind+"&"+wholeWindow).Groups
			if len(groups) != 1 {
				t.Fatalf("%s %s: %+v", service, kind, groups)
			}
			g := groups[0]
			last := func(metric string) float64 {
				f := decoded[struct {
					Metrics []struct {
						MetricPoints []struct{ GaugeValue struct{ DoubleValue float64 } }
					}
				}](a, fmt.Sprintf("/api/metrics/%s?service=%s&spanKind=%s&endTs=%d&lookback=0&step=1000&ratePer=%d&quantile=0.9", metric, service, kind, toNs/1e6, (toNs-fromNs)/1e6))
				return f.Metrics[0].MetricPoints[0].GaugeValue.DoubleValue
			}
			if calls := last("calls") * (float64(toNs-fromNs) / 1e9); math.Abs(calls-float64(g.Spans)) > 1e-6 {
				t.Errorf("%s %s: %v calls, rates say %d", service, kind, calls, g.Spans)
			}
			if errors := last("errors"); math.Abs(errors-g.ErrorShare) > 1e-9 {
				t.Errorf("%s %s: %v of the calls failed, rates say %v", service, kind, errors, g.ErrorShare)
			}
			if p90 := min(max(last("latencies")*1e6, g.MinNs), g.MaxNs); math.Abs(p90-g.P90Ns) > 1e-6*p90 {
				t.Errorf("%s %s: p90 is %v, rates say %v", service, kind, p90, g.P90Ns)
			}
		}
	}
}

// summary is what lists say of a trace.
type summary struct {
	Service, Name          string
	Spans, Errors, Orphans int
	StartNs, EndNs         int64
	Services               map[string]count
}

// tracesAgree compares lists, of all orders and of both APIs, with the traces
// themselves, and their sums with the counts.
func (a apis) tracesAgree(stored map[string]count) {
	t := a.t
	lists := map[string][]string{}
	ours := map[string]summary{}
	matched := 0
	for _, sort := range []string{"recent", "longest", "shortest", "spans", "errors"} {
		after := ""
		for more := true; more; {
			page := decoded[struct {
				Traces []struct {
					TraceID, RootService, RootName, StartUnixNano string
					DurationNs                                    int64
					Spans, Errors, Orphans, MatchedSpans          int
					Services                                      []named
				}
				More  bool
				After string
				Total struct {
					Traces   int
					Spans    int
					Relation string
				}
			}](a, "/heddle/v1/traces?limit=37&total=exact&sort="+sort+"&"+wholeWindow+after)
			if page.Total.Relation != "exact" || page.Total.Spans != sum(stored).Spans {
				t.Fatalf("%s: total %+v of %+v", sort, page.Total, sum(stored))
			}
			for _, tr := range page.Traces {
				start, _ := strconv.ParseInt(tr.StartUnixNano, 10, 64)
				s := summary{tr.RootService, tr.RootName, tr.Spans, tr.Errors, tr.Orphans, start, start + tr.DurationNs, byName(tr.Services)}
				if known, ok := ours[tr.TraceID]; ok {
					same(t, sort+" "+tr.TraceID, s, known)
				} else {
					matched += tr.MatchedSpans
				}
				ours[tr.TraceID] = s
				lists[sort] = append(lists[sort], tr.TraceID)
			}
			if more = page.More; more {
				after = "&after=" + page.After
			} else if page.Total.Traces != len(lists[sort]) {
				t.Errorf("%s: pages have %d traces, the total is %d", sort, len(lists[sort]), page.Total.Traces)
			}
		}
		if len(lists[sort]) != len(ours) {
			t.Errorf("%s: %d traces, want %d", sort, len(lists[sort]), len(ours))
		}
	}

	copies := 0
	for id, want := range ours {
		copies += a.traceAgrees(id, want)
	}
	same(t, "matched spans and their copies", matched+copies, sum(stored).Spans)

	// Jaeger's lists have the same traces, in the same order.
	same(t, "Jaeger's search", a.jaegerIDs(fmt.Sprintf("limit=1000&start=%d&end=%d", fromNs/1e3, toNs/1e3-1)), lists["recent"])
	for _, condition := range []struct{ ours, theirs string }{
		{"service=web", "service=web"}, {"service=5", "service=5"}, {"status=error", "tag=error:true"}, {"operation=op1&kind=server", "operation=op1&tag=span.kind:server"},
		{"minDuration=300ms&maxDuration=600ms", "minDuration=300ms&maxDuration=600ms"},
	} {
		var ids []string
		for _, tr := range decoded[struct{ Traces []struct{ TraceID string } }](a, "/heddle/v1/traces?limit=1000&"+condition.ours+"&"+wholeWindow).Traces {
			ids = append(ids, tr.TraceID)
		}
		same(t, condition.theirs, a.jaegerIDs(fmt.Sprintf("limit=1000&%s&start=%d&end=%d", condition.theirs, fromNs/1e3, toNs/1e3-1)), ids)
	}
	theirs := map[string]summary{}
	for _, s := range decoded[struct {
		Summaries []struct {
			TraceID, RootServiceName, RootOperationName string
			MinStartTimeUnixNano, MaxEndTimeUnixNano    string
			SpanCount, ErrorSpanCount, OrphanSpanCount  int
			Services                                    []struct {
				Name                      string
				SpanCount, ErrorSpanCount int
			}
		}
	}](a, "/api/v3/trace-summaries?query.searchDepth=1000&query.startTimeMin="+rfc3339(fromNs)+"&query.startTimeMax="+rfc3339(toNs)).Summaries {
		one := summary{s.RootServiceName, s.RootOperationName, s.SpanCount, s.ErrorSpanCount, s.OrphanSpanCount, 0, 0, map[string]count{}}
		one.StartNs, _ = strconv.ParseInt(s.MinStartTimeUnixNano, 10, 64)
		one.EndNs, _ = strconv.ParseInt(s.MaxEndTimeUnixNano, 10, 64)
		for _, c := range s.Services {
			one.Services[strings.Replace(c.Name, "OTLPResourceNoServiceName", "", 1)] = count{c.SpanCount, c.ErrorSpanCount}
		}
		one.Service = strings.Replace(one.Service, "OTLPResourceNoServiceName", "", 1)
		theirs[s.TraceID] = one
	}
	if !maps.EqualFunc(theirs, ours, func(a, b summary) bool { return reflect.DeepEqual(a, b) }) {
		for id := range ours {
			same(t, "summary of "+id, theirs[id], ours[id])
		}
	}
}

// jaegerIDs are those of the traces of a v1 search, of 32 digits.
func (a apis) jaegerIDs(parameters string) (ids []string) {
	for _, tr := range decoded[struct{ Data []struct{ TraceID string } }](a, "/api/traces?"+parameters).Data {
		ids = append(ids, fmt.Sprintf("%032s", tr.TraceID))
	}
	return ids
}

// traceAgrees compares a trace, as it is drawn and as Jaeger shows it, with what
// lists say of it, and returns how many copies were folded.
func (a apis) traceAgrees(id string, want summary) (copies int) {
	t := a.t
	payload := a.get("/heddle/v1/traces/" + id + "/skeleton")
	var header struct {
		StartUnixNano                     string
		DurationNs                        int64
		Rows, Errors, Orphans, Duplicates int
		Services                          []named
	}
	if err := json.NewDecoder(bytes.NewReader(payload[8 : 8+binary.LittleEndian.Uint32(payload[4:])])).Decode(&header); err != nil {
		t.Fatal(err)
	}
	start, _ := strconv.ParseInt(header.StartUnixNano, 10, 64)
	same(t, "skeleton of "+id, summary{want.Service, want.Name, header.Rows, header.Errors, header.Orphans, start, start + header.DurationNs, byName(header.Services)}, want)

	flame := decoded[struct{ Spans int }](a, "/heddle/v1/traces/"+id+"/flame")
	same(t, "flame of "+id, flame.Spans, want.Spans)
	shown := decoded[struct {
		Data []struct {
			Spans []struct {
				ProcessID string
				Tags      []struct {
					Key   string
					Value any
				}
				References []struct{ SpanID string }
				SpanID     string
			}
			Processes map[string]struct{ ServiceName string }
		}
	}](a, "/api/traces/"+id).Data[0]
	services, known, orphans := map[string]count{}, map[string]bool{}, 0
	for _, s := range shown.Spans {
		c := count{Spans: 1}
		for _, tag := range s.Tags {
			if tag.Key == "error" && fmt.Sprint(tag.Value) == "true" {
				c.Errors = 1
			}
		}
		name := strings.Replace(shown.Processes[s.ProcessID].ServiceName, "OTLPResourceNoServiceName", "", 1)
		services[name] = services[name].plus(c)
		if known[s.SpanID] {
			t.Errorf("%s: Jaeger's trace has span %s twice", id, s.SpanID)
		}
		known[s.SpanID] = true
	}
	for _, s := range shown.Spans {
		if len(s.References) > 0 && !known[s.References[0].SpanID] {
			orphans++
		}
	}
	same(t, "Jaeger's services of "+id, services, want.Services)
	same(t, "Jaeger's orphans of "+id, orphans, want.Orphans)
	return header.Duplicates
}
