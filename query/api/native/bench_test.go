package native

import (
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage/columnar"
	"github.com/heddle-io/heddle/storage/vfs"
)

// BenchmarkAnswers asks over some 300,000 spans in memory.
func BenchmarkAnswers(b *testing.B) {
	store := openStore(b)
	rng := rand.New(rand.NewPCG(1, 1))
	for range 20 {
		write(b, store, manyTraces(rng, 5000))
	}
	h := NewHandler(Options{Store: store})
	for _, c := range []struct{ name, path string }{
		{"newest", "/traces?q=" + url.QueryEscape(`{ resource.service.name = "s1" && span.n = 3 }`)},
		{"longest", "/traces?sort=longest&q=" + url.QueryEscape(`{ resource.service.name = "s1" && span.n = 3 }`)},
		{"total", "/traces?total=exact"},
		{"heatmap", "/overview?facet=intrinsic.kind&columns=200"},
		{"overview", "/overview?columns=200"},
		{"overview of a structure", "/overview?columns=200&q=" + url.QueryEscape(`{ name = "op0" } >> { name = "op1" }`)},
		{"compare", "/compare?selection=" + url.QueryEscape(`{ status = error }`)},
		{"rates", "/rates?step=10s"},
		{"graph", "/graph?"},
		{"graph of services", "/graph?nodes=services"},
		{"structure", "/structure?limit=1000"},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if rec := get(h, "/heddle/v1"+c.path+allTime); rec.Code != http.StatusOK {
					b.Fatal(rec.Body)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(store.Stats().Spans), "ns/span")
		})
	}
}

// BenchmarkAnswersOfParts asks over some 300,000 spans of an hour that are in
// parts, with attributes of few values, of many, and of a value for each span.
func BenchmarkAnswersOfParts(b *testing.B) {
	options := columnar.DiskOptions{Dir: "/data", FS: vfs.NewMem(), Retention: columnar.Retention{MinFreeBytes: -1}, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
	filling, err := columnar.OpenDisk(b.Context(), options)
	if err != nil {
		b.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range 20 {
		write(b, filling, attributed(rng, manyTraces(rng, 5000), int64(i)*180e9))
	}
	if err := filling.Close(); err != nil { // writes what is in memory
		b.Fatal(err)
	}
	store, err := columnar.OpenDisk(b.Context(), options)
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	h := NewHandler(Options{Store: store})
	window := fmt.Sprintf("&start=%d&end=%d", at-7, at+3_700e9)
	for _, c := range []struct{ name, path string }{
		{"overview", "/overview?columns=200"},
		{"overview of a service", "/overview?columns=200&service=s1&facet=span.user&facet=span.route"},
		{"compare", "/compare?selection=" + url.QueryEscape(`{ status = error }`)},
		{"compare two", "/compare?selection=" + url.QueryEscape(`{ status = error }`) + "&baseline=" + url.QueryEscape(`{ kind = server }`)},
		{"rates from inside of a minute", "/rates?step=1m"},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if rec := get(h, "/heddle/v1"+c.path+window); rec.Code != http.StatusOK {
					b.Fatal(rec.Body)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(store.Stats().Spans), "ns/span")
		})
	}
}

// attributed moves spans in time and gives them attributes as those of a mesh.
func attributed(rng *rand.Rand, td ptrace.Traces, laterNs int64) ptrace.Traces {
	for _, rs := range td.ResourceSpans().All() {
		a := rs.Resource().Attributes()
		pod := rng.IntN(40)
		for i, key := range []string{"k8s.pod.name", "k8s.node.name", "cloud.region", "service.version", "host.name"} {
			a.PutStr(key, fmt.Sprint(key, pod>>i))
		}
		for _, s := range rs.ScopeSpans().At(0).Spans().All() {
			s.SetStartTimestamp(s.StartTimestamp() + pcommon.Timestamp(laterNs))
			s.SetEndTimestamp(s.EndTimestamp() + pcommon.Timestamp(laterNs))
			a := s.Attributes()
			for i, key := range []string{"route", "method", "upstream", "tenant", "flags"} {
				if rng.IntN(i+1) == 0 {
					a.PutStr(key, fmt.Sprint(key, rng.IntN(4<<(2*i))))
				}
			}
			a.PutInt("code", int64(200+100*rng.IntN(4)))
			a.PutInt("bytes", rng.Int64N(100_000))
			a.PutStr("user", fmt.Sprint("user-", rng.IntN(5000)))
			a.PutStr("request", fmt.Sprintf("%016x", rng.Uint64()))
			a.PutBool("cached", rng.IntN(3) == 0)
		}
	}
	return td
}
