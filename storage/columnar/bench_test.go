//go:build linux

package columnar

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage"
)

// benchStore has about 400,000 spans in default tables; made once.
var benchStore = sync.OnceValue(func() *Store {
	s, err := Open(Options{})
	if err != nil {
		panic(err)
	}
	for _, td := range newMesh().requests(800) {
		if _, err := s.Spans().WriteSpans(context.Background(), td); err != nil {
			panic(err)
		}
	}
	return s
})

// BenchmarkBuilderAppend writes requests of 512 spans. Decoding them is not
// measured: the time is that of the writing thread, in WriteSpans.
func BenchmarkBuilderAppend(b *testing.B) {
	m := newMesh()
	encoded := make([][]byte, 140)
	for i := range encoded {
		encoded[i], _ = (&ptrace.ProtoMarshaler{}).MarshalTraces(m.request(16, 32))
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var spent time.Duration
	var mallocs, spans uint64
	var st storage.Stats
	for b.Loop() {
		s, err := Open(Options{})
		if err != nil {
			b.Fatal(err)
		}
		for _, enc := range encoded {
			td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(enc)
			if err != nil {
				b.Fatal(err)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			from := threadTime()
			if _, err := s.Spans().WriteSpans(context.Background(), td); err != nil {
				b.Fatal(err)
			}
			spent += threadTime() - from
			runtime.ReadMemStats(&after)
			mallocs += after.Mallocs - before.Mallocs
		}
		st = s.Stats()
		spans += st.Spans
	}
	b.ReportMetric(float64(spent)/float64(spans), "cpu-ns/span")
	b.ReportMetric(float64(mallocs)/float64(spans), "allocs/span")
	b.ReportMetric(float64(st.Bytes)/float64(st.Spans), "B/span")
}

// BenchmarkSealed measures what a sealed table keeps.
func BenchmarkSealed(b *testing.B) {
	t := benchStore().spans.sealed[0].table
	for b.Loop() {
		_ = t.bytes()
	}
	b.ReportMetric(float64(t.size)/float64(t.n), "B/span")
}

func BenchmarkScan(b *testing.B) {
	status := storage.Key{Scope: storage.ScopeSpan, Name: "http.response.status_code"}
	for _, c := range []struct {
		name    string
		where   storage.Predicate
		columns []storage.Key
	}{
		{"Int", storage.Compare{Key: status, Value: storage.Int(503)}, nil},
		{"String", storage.Compare{Key: storage.Key{Scope: storage.ScopeSpan, Name: "user.id"}, Value: storage.String("user-7")}, nil},
		{"StringAbsent", storage.Compare{Key: storage.Key{Scope: storage.ScopeSpan, Name: "user.id"}, Value: storage.String("nobody")}, nil},
		{"ResourceAndDuration", storage.And{
			storage.Compare{Key: storage.KeyService, Value: storage.String("shop-3")},
			storage.Compare{Key: storage.KeyDuration, Op: storage.Greater, Value: storage.Int(2e7)},
		}, nil},
		{"TwoColumns", nil, []storage.Key{storage.KeyService, status}},
	} {
		b.Run(c.name, func(b *testing.B) {
			s := benchStore()
			b.ReportAllocs()
			clock := startCPU()
			for b.Loop() {
				for _, err := range s.Spans().Scan(context.Background(), storage.Scan{Window: storage.AllTime(), Where: c.where, Columns: c.columns}) {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
			clock.perSpan(b, int(s.Stats().Spans))
		})
	}
}

func BenchmarkTraceFetch(b *testing.B) {
	s := benchStore()
	var ids []storage.TraceID
	for batch := range s.Spans().Scan(context.Background(), storage.Scan{Window: storage.AllTime()}) {
		ids = append(ids, batch.TraceIDs[:min(20, batch.Len())]...)
	}
	spans, n := 0, 0
	b.ReportAllocs()
	clock := startCPU()
	for b.Loop() {
		for got, err := range s.Spans().Traces(context.Background(), ids[n%len(ids):n%len(ids)+1]) {
			if err != nil {
				b.Fatal(err)
			}
			spans += got.Len()
		}
		n++
	}
	b.ReportMetric(float64(spans)/float64(n), "spans/trace")
	clock.perSpan(b, spans/n)
}

func BenchmarkAggregate(b *testing.B) {
	s := benchStore()
	st := s.Stats()
	window := storage.Window{FromNs: st.OldestSpanNs, ToNs: st.NewestSpanNs + 1}
	for _, c := range []struct {
		name string
		q    storage.Aggregation
	}{
		{"CountByService", storage.Aggregation{Window: window, By: []storage.Key{storage.KeyService}}},
		{"REDByServiceNameStatus", storage.Aggregation{
			Window: window, By: []storage.Key{storage.KeyService, storage.KeyName, storage.KeyStatus},
			Measure: storage.KeyDuration, Histogram: true, StepNs: (window.ToNs-window.FromNs)/60 + 1,
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			clock := startCPU()
			for b.Loop() {
				if _, err := s.Spans().Aggregate(context.Background(), c.q); err != nil {
					b.Fatal(err)
				}
			}
			clock.perSpan(b, int(s.Stats().Spans))
		})
	}
}

func BenchmarkKeys(b *testing.B) {
	s := benchStore()
	b.ReportAllocs()
	clock := startCPU()
	for b.Loop() {
		if _, err := s.Spans().Keys(context.Background(), storage.AllTime()); err != nil {
			b.Fatal(err)
		}
	}
	clock.perSpan(b, int(s.Stats().Spans))
}

func BenchmarkValues(b *testing.B) {
	s := benchStore()
	b.ReportAllocs()
	clock := startCPU()
	for b.Loop() {
		q := storage.ValuesQuery{Window: storage.Window{FromNs: math.MinInt64, ToNs: math.MaxInt64}, Key: storage.Key{Scope: storage.ScopeSpan, Name: "http.route"}}
		if _, err := s.Spans().Values(context.Background(), q); err != nil {
			b.Fatal(err)
		}
	}
	clock.perSpan(b, int(s.Stats().Spans))
}

func BenchmarkEdges(b *testing.B) {
	s := benchStore()
	b.ReportAllocs()
	clock := startCPU()
	for b.Loop() {
		if _, err := s.Spans().Edges(context.Background(), storage.AllTime()); err != nil {
			b.Fatal(err)
		}
	}
	clock.perSpan(b, int(s.Stats().Spans))
}

// BenchmarkDecode is what decoding the same requests costs before they get
// here, for comparison.
func BenchmarkDecode(b *testing.B) {
	td := newMesh().request(16, 32)
	enc, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	if err != nil {
		b.Fatal(err)
	}
	clock := startCPU()
	for b.Loop() {
		if _, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(enc); err != nil {
			b.Fatal(err)
		}
	}
	clock.perSpan(b, td.SpanCount())
	b.ReportMetric(float64(len(enc))/float64(td.SpanCount()), "OTLP-B/span")
}

// BenchmarkLogAppend writes access log lines with ten attributes.
func BenchmarkLogAppend(b *testing.B) {
	ld := newMesh().accessLog(20_000)
	var st storage.Stats
	b.ReportAllocs()
	clock := startCPU()
	for b.Loop() {
		s, err := Open(Options{})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := s.Logs().WriteLogs(context.Background(), ld); err != nil {
			b.Fatal(err)
		}
		st = s.Stats()
	}
	clock.perSpan(b, int(st.Logs))
	b.ReportMetric(float64(st.Bytes)/float64(st.Logs), "B/record")
}

// accessLog has n lines with ten attributes.
func (m *mesh) accessLog(n int) plog.Logs {
	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for i := range n {
		r := records.AppendEmpty()
		r.SetTimestamp(pcommon.Timestamp(i + 1))
		r.SetSeverityNumber(plog.SeverityNumberInfo)
		r.SetSeverityText("INFO")
		id := m.uuid()
		r.Body().SetStr(fmt.Sprintf("GET /api/v1/items/%d HTTP/1.1 200 %s %d ms", m.r.IntN(20_000), id, m.r.IntN(400)))
		r.Attributes().PutStr("request.id", id)
		r.Attributes().PutInt("duration.ms", int64(m.r.IntN(400)))
		for k := range 8 {
			r.Attributes().PutStr(fmt.Sprint("attribute.", k), fmt.Sprint("value-", m.r.IntN(50)))
		}
	}
	return ld
}
