package traceql

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

func BenchmarkParse(b *testing.B) {
	for name, text := range map[string]string{
		"small":   `{ resource.service.name = "front" && status = error }`,
		"large":   `({ nestedSetParent<0 && resource.service.name = "front" && span.http.status_code >= 500 } &>> { status = error }) || ({ nestedSetParent<0 }) | select(status, resource.service.name, name, nestedSetParent, nestedSetLeft, nestedSetRight)`,
		"metrics": `100 * ({ status = error } | rate() by (resource.service.name)) / ({ } | rate() by (resource.service.name)) > 5 | topk(10) with(exemplars=true)`,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse(text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// meshTrace is a trace like those of a mesh: a tree with a dozen attributes a
// span, of which the resource has half.
func meshTrace(n int) *trace.Trace {
	return trace.Build(meshSpans(n, func(i int) storage.TraceID { return storage.TraceID{1} }))[0]
}

func meshSpans(n int, traceOf func(i int) storage.TraceID) *storage.Spans {
	return sampledSpans(n, traceOf, func(storage.TraceID) string { return "" })
}

// sampledSpans are meshSpans with tracestates.
func sampledSpans(n int, traceOf func(i int) storage.TraceID, tracestate func(storage.TraceID) string) *storage.Spans {
	rng := rand.New(rand.NewPCG(1, 1))
	b := storage.NewSpansBuilder(n)
	scope := b.AddScope(storage.InstrumentationScope{Name: b.Intern("otel")})
	var resources []uint32
	for i := range 20 {
		resources = append(resources, b.AddResource(storage.Resource{Attributes: b.AddAttrs(
			b.Attr("service.name", storage.String(fmt.Sprint("svc-", i))), b.Attr("k8s.pod.name", storage.String(fmt.Sprint("pod-", i))),
			b.Attr("k8s.namespace.name", storage.String("shop")), b.Attr("deployment.environment", storage.String("prod")))}))
	}
	first := 0 // of the trace
	var last storage.TraceID
	for i := range n {
		id := traceOf(i)
		if id != last {
			first, last = i, id
		}
		f := storage.SpanFields{
			TraceID: id, Name: fmt.Sprint("op-", rng.IntN(50)), Kind: uint8(1 + rng.IntN(5)), Status: uint8(rng.IntN(20) / 19 * 2),
			StartNs: epoch + int64(i)*1e5, DurationNs: int64(rng.IntN(1e9)), Resource: resources[rng.IntN(20)], Scope: scope,
			TraceState: tracestate(id),
		}
		id64(&f.SpanID, i+1)
		if i > first {
			id64(&f.ParentID, first+rng.IntN(i-first)+1)
		}
		b.AddSpan(f)
		b.SetAttributes(
			b.Attr("http.request.method", storage.String("GET")), b.Attr("http.route", storage.String(fmt.Sprint("/r/", rng.IntN(100)))),
			b.Attr("user.id", storage.String(fmt.Sprint("user-", rng.IntN(10_000)))), b.Attr("net.peer.port", storage.Int(int64(rng.IntN(60_000)))),
			b.Attr("http.response.status_code", storage.Int(int64(200+rng.IntN(4)*100))), b.Attr("cache.hit", storage.Bool(rng.IntN(2) == 0)))
	}
	return b.Spans()
}

func id64(id *storage.SpanID, n int) {
	for i := range 8 {
		id[7-i] = byte(n >> (8 * i))
	}
}

func BenchmarkFilter(b *testing.B) {
	const n = 100_000
	tr := meshTrace(n)
	for name, text := range map[string]string{
		"duration":    "{ duration > 900ms }",
		"name":        "{ name = `op-7` }",
		"regex":       "{ name =~ `op-.7` }",
		"resource":    "{ resource.service.name = `svc-3` }",
		"int":         "{ span.http.response.status_code >= 500 }",
		"text":        "{ span.user.id = `user-77` }",
		"any scope":   "{ .http.response.status_code >= 500 }",
		"and":         "{ resource.service.name = `svc-3` && span.http.response.status_code >= 500 && kind = server }",
		"arithmetic":  "{ parent:duration - duration > 500ms }",
		"aggregate":   "{ kind = server } | avg(duration) > 1s",
		"by":          "{ } | by(resource.service.name) | count() > 100000",
		"by and more": "{ } | by(span.user.id) | max(duration) > 2s",
	} {
		b.Run(name, func(b *testing.B) { benchmarkSelect(b, text, tr) })
	}
}

func BenchmarkStructural(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		tr := meshTrace(n)
		for _, op := range []string{">", ">>", "<", "<<", "~", "!>>", "&>>"} {
			b.Run(fmt.Sprint(op, "/", n), func(b *testing.B) { benchmarkSelect(b, "{ kind = server } "+op+" { kind = client }", tr) })
		}
	}
}

func benchmarkSelect(b *testing.B, text string, tr *trace.Trace) {
	e := newEngine(mustParse(b, text).spans.stages)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.evaluate(tr); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*tr.Len()), "ns/span")
}

// benchStore has 200,000 spans in traces of 20.
const benchSpans = 200_000

var benchData = sync.OnceValue(func() *storage.Spans { return meshSpans(benchSpans, benchTrace) })

func benchTrace(i int) (id storage.TraceID) {
	i = i/20 + 1
	id[0], id[14], id[15] = byte(i*37), byte(i>>8), byte(i)
	return id
}

func BenchmarkSearch(b *testing.B) {
	store := storeOf(b, benchData(), 0)
	for name, text := range map[string]string{
		"all":        "{ }",
		"attribute":  "{ resource.service.name = `svc-3` && span.user.id = `user-77` }",
		"structural": "{ resource.service.name = `svc-3` } >> { span.user.id = `user-77` }",
		"rare and":   "{ span.user.id = `user-77` } && { }",
		"count":      "{ status = error } | count() > 5",
	} {
		b.Run(name, func(b *testing.B) {
			q := mustParse(b, text)
			b.ReportAllocs()
			var stats Stats
			for b.Loop() {
				found, err := Search(context.Background(), store, q, SearchOptions{Window: storage.AllTime(), Limit: 20})
				if err != nil {
					b.Fatal(err)
				}
				stats = found.Stats
			}
			b.ReportMetric(float64(stats.TracesInspected), "traces")
		})
	}
}

func BenchmarkMetrics(b *testing.B) {
	store := storeOf(b, benchData(), 0)
	o := RangeOptions{Window: storage.Window{FromNs: epoch, ToNs: epoch + int64(time.Minute)}, StepNs: int64(time.Second)}
	for name, text := range map[string]string{
		"rate":           "{ } | rate()",
		"rate by":        "{ status = error } | rate() by(resource.service.name, name)",
		"quantile":       "{ kind = server } | quantile_over_time(duration, .5, .99) by(resource.service.name)",
		"exemplars":      "{ kind = server } | rate() by(resource.service.name) with(exemplars=true)",
		"whole traces":   "{ kind = server } >> { status = error } | rate() by(resource.service.name)",
		"compare":        "{ kind = server } | compare({ status = error })",
		"roots":          "{ nestedSetParent < 0 } | rate()",
		"parent service": "{ } | rate() by(parent.resource.service.name)",
	} {
		b.Run(name, func(b *testing.B) {
			q := mustParse(b, text)
			evaluate := Range
			if name == "compare" {
				evaluate = Instant
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := evaluate(context.Background(), store, q, o); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*benchSpans), "ns/span")
		})
	}
}

// What the weights of spans cost: of no sampler, of two samplers, and of one
// that writes other text into every trace.
func BenchmarkExtrapolate(b *testing.B) {
	o := RangeOptions{Window: storage.Window{FromNs: epoch, ToNs: epoch + int64(time.Minute)}, StepNs: int64(time.Second)}
	for data, tracestate := range map[string]func(storage.TraceID) string{
		"no tracestate":  func(storage.TraceID) string { return "" },
		"two thresholds": func(id storage.TraceID) string { return []string{"ot=th:8", "ot=th:e666"}[id[15]%2] },
		"one a trace":    func(id storage.TraceID) string { return fmt.Sprintf("ot=rv:%x;th:c", id[9:]) },
	} {
		store := storeOf(b, sampledSpans(benchSpans, benchTrace, tracestate), 0)
		for name, text := range map[string]string{
			"rate":         "{ } | rate()",
			"rate by":      "{ status = error } | rate() by(resource.service.name, name)",
			"quantile":     "{ kind = server } | quantile_over_time(duration, .5, .99) by(resource.service.name)",
			"whole traces": "{ kind = server } >> { status = error } | rate() by(resource.service.name)",
			"compare":      "{ kind = server } | compare({ status = error })",
		} {
			b.Run(data+"/"+name, func(b *testing.B) {
				q := mustParse(b, text+" with(extrapolate=true)")
				evaluate := Range
				if name == "compare" {
					evaluate = Instant
				}
				b.ReportAllocs()
				for b.Loop() {
					if _, err := evaluate(context.Background(), store, q, o); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*benchSpans), "ns/span")
			})
		}
	}
}
