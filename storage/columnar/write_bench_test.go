//go:build linux

package columnar

import (
	"context"
	"runtime"
	"testing"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/otlp"
	"github.com/heddle-io/heddle/storage/otlp/otlptest"
)

// orders are the two orders of fields that senders use.
var orders = []struct {
	name        string
	spans, logs func([]byte) []byte
}{
	{"SDK", otlptest.Ascending, otlptest.AscendingLogs},
	{"Collector", func(b []byte) []byte { return b }, func(b []byte) []byte { return b }},
}

// meshRequests are encoded requests of 512 spans.
func meshRequests(b *testing.B, n int, order func([]byte) []byte) (list [][]byte) {
	m := newMesh()
	for range n {
		enc, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(m.request(16, 32))
		if err != nil {
			b.Fatal(err)
		}
		list = append(list, order(enc))
	}
	return list
}

// BenchmarkDecodeOTLP decodes requests of 512 spans.
func BenchmarkDecodeOTLP(b *testing.B) {
	for _, order := range orders {
		b.Run(order.name, func(b *testing.B) {
			requests := meshRequests(b, 16, order.spans)
			var d otlp.Spans
			spans, size, n := 0, 0, 0
			b.ReportAllocs()
			from := cpuTime()
			for b.Loop() {
				if err := d.Decode(requests[n%len(requests)]); err != nil {
					b.Fatal(err)
				}
				spans, size, n = spans+len(d.Spans), size+len(requests[n%len(requests)]), n+1
			}
			perRecord(b, float64(cpuTime()-from), spans)
			b.ReportMetric(float64(size)/float64(spans), "OTLP-B/span")
		})
	}
}

// BenchmarkWriteOTLP writes requests of 512 spans to a store: decoding,
// checks, appending, sealing.
func BenchmarkWriteOTLP(b *testing.B) {
	for _, order := range orders {
		b.Run(order.name, func(b *testing.B) {
			requests := meshRequests(b, 140, order.spans)
			benchWrites(b, requests, func(s *Store) (storage.OTLPWriter, func() uint64) {
				return spanStore{s}, func() uint64 { return s.Stats().Spans }
			})
		})
	}
}

// BenchmarkWriteOTLPLogs writes requests of 1,000 access log lines with ten
// attributes.
func BenchmarkWriteOTLPLogs(b *testing.B) {
	for _, order := range orders {
		b.Run(order.name, func(b *testing.B) {
			m := newMesh()
			var requests [][]byte
			for range 70 {
				enc, err := (&plog.ProtoMarshaler{}).MarshalLogs(m.accessLog(1000))
				if err != nil {
					b.Fatal(err)
				}
				requests = append(requests, order.logs(enc))
			}
			benchWrites(b, requests, func(s *Store) (storage.OTLPWriter, func() uint64) {
				return logStore{s}, func() uint64 { return s.Stats().Logs }
			})
		})
	}
}

// benchWrites measures the writing thread; the collector's work on other
// threads is in the other figures of a benchmark run.
func benchWrites(b *testing.B, requests [][]byte, writer func(*Store) (storage.OTLPWriter, func() uint64)) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var spent, all, mallocs, bytes float64
	records := 0
	var before, after runtime.MemStats
	for b.Loop() {
		s, err := Open(Options{})
		if err != nil {
			b.Fatal(err)
		}
		w, stored := writer(s)
		runtime.ReadMemStats(&before)
		from, fromAll := threadTime(), cpuTime()
		for _, body := range requests {
			if _, err := w.WriteOTLP(context.Background(), storage.OTLPRequest{Body: body}); err != nil {
				b.Fatal(err)
			}
		}
		spent, all = spent+float64(threadTime()-from), all+float64(cpuTime()-fromAll)
		runtime.ReadMemStats(&after)
		mallocs += float64(after.Mallocs - before.Mallocs)
		bytes += float64(after.TotalAlloc - before.TotalAlloc)
		records += int(stored())
	}
	perRecord(b, spent, records)
	b.ReportMetric(all/float64(records), "all-cpu-ns/record")
	b.ReportMetric(mallocs/float64(records), "allocs/record")
	b.ReportMetric(bytes/float64(records), "alloc-B/record")
}

func perRecord(b *testing.B, ns float64, records int) {
	b.ReportMetric(ns/float64(records), "cpu-ns/record")
}
