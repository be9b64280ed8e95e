package native

import (
	"math/rand/v2"
	"net/http"
	"net/url"
	"testing"
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
