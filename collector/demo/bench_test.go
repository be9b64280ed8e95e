package demo

import "testing"

// BenchmarkGenerate is the cost of a span from the arrival of a visitor to the
// encoded request, without the network.
func BenchmarkGenerate(b *testing.B) {
	w, err := newWorld(1, 0)
	if err != nil {
		b.Fatal(err)
	}
	set, _ := parseFaults(nil)
	e := newEngine(w, 1, set, testStart)
	var buf []byte
	spans, bytes := 0, 0
	e.batch.buffer = func() []byte { return buf[:0] }
	e.batch.send = func(body []byte, n int) { buf, spans, bytes = body, spans+n, bytes+len(body) }
	for range 300 { // half a minute, until batches leave as fast as spans are made
		e.step(500)
	}
	spans, bytes = 0, 0
	b.ReportAllocs()
	b.ResetTimer()
	for spans < b.N {
		e.step(500)
	}
	b.ReportMetric(float64(spans)/b.Elapsed().Seconds(), "spans/s")
	b.ReportMetric(float64(bytes)/float64(spans), "wire-B/span")
}
