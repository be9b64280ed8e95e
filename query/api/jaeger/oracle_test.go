package jaeger

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jaegertracing/jaeger-idl/model/v1"
	translator "github.com/open-telemetry/opentelemetry-collector-contrib/pkg/translator/jaeger"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/query/api/jsontext"
)

// TestLikeUpstream compares raw traces with what Jaeger shows of them: the
// Collector's OTLP translation, which Jaeger uses, and then the conversion to
// the UI's JSON, written here a second time because Jaeger keeps it internal.
//
// Excluded, because the answer differs on purpose: http.response.status_code,
// which the translation renames to http.status_code, and resources that have
// attributes but no service.name, whose empty name no client can show.
func TestLikeUpstream(t *testing.T) {
	for seed := range uint64(300) {
		td := randomTraces(rand.New(rand.NewPCG(seed, 1)))
		body, err := (&ptrace.JSONMarshaler{}).MarshalTraces(td)
		if err != nil {
			t.Fatal(err)
		}
		w := do(newTestHandler(memoryOf(td)), "POST", "/api/transform", string(body))
		if w.Code != 200 {
			t.Fatalf("seed %d: %d %s", seed, w.Code, w.Body)
		}
		got := decode(t, w.Body.Bytes()).Data
		want := upstream(td)
		if !reflect.DeepEqual(got, want) {
			g, _ := json.MarshalIndent(got, "", " ")
			w, _ := json.MarshalIndent(want, "", " ")
			t.Fatalf("seed %d:\n%s", seed, firstDifference(string(g), string(w)))
		}
	}
}

// upstream is what Jaeger shows.
func upstream(td ptrace.Traces) []uiTrace {
	traces := []uiTrace{}
	index := map[model.TraceID]int{}
	for _, batch := range translator.ProtoFromTraces(td) {
		for _, span := range batch.Spans {
			i, ok := index[span.TraceID]
			if !ok {
				i = len(traces)
				index[span.TraceID] = i
				traces = append(traces, uiTrace{TraceID: span.TraceID.String(), Processes: map[string]uiProcess{}})
			}
			traces[i].Spans = append(traces[i].Spans, upstreamSpan(span, upstreamProcess(&traces[i], batch.Process)))
		}
	}
	return traces
}

func upstreamProcess(trace *uiTrace, process *model.Process) (id string) {
	p := uiProcess{process.ServiceName, upstreamTags(process.Tags)}
	for id, known := range trace.Processes {
		if reflect.DeepEqual(known, p) {
			return id
		}
	}
	id = fmt.Sprintf("p%d", len(trace.Processes)+1)
	trace.Processes[id] = p
	return id
}

func upstreamSpan(span *model.Span, process string) uiSpan {
	s := uiSpan{
		TraceID: span.TraceID.String(), SpanID: span.SpanID.String(), Flags: int(span.Flags), OperationName: span.OperationName,
		StartTime: int64(model.TimeAsEpochMicroseconds(span.StartTime)), Duration: int64(model.DurationAsMicroseconds(max(0, span.Duration))),
		Tags: upstreamTags(span.Tags), References: []uiReference{}, Logs: []uiLog{}, ProcessID: process,
	}
	for _, r := range span.References {
		s.References = append(s.References, uiReference{r.RefType.String(), r.TraceID.String(), r.SpanID.String()})
	}
	for _, l := range span.Logs {
		s.Logs = append(s.Logs, uiLog{int64(model.TimeAsEpochMicroseconds(l.Timestamp)), upstreamTags(l.Fields)})
	}
	return s
}

func upstreamTags(list []model.KeyValue) []uiTag {
	tags := make([]uiTag, len(list))
	for i, kv := range list {
		tags[i] = uiTag{Key: kv.Key, Type: strings.ToLower(kv.VType.String()), Value: kv.Value()}
		switch v := tags[i].Value.(type) {
		case int64:
			tags[i].Value = json.Number(strconv.FormatInt(v, 10))
			if v > 1<<53-1 || v < -(1<<53-1) {
				tags[i].Value = strconv.FormatInt(v, 10)
			}
		case float64:
			tags[i].Value = json.Number(jsontext.AppendFloat(nil, v))
		case []byte:
			tags[i].Value = base64.StdEncoding.EncodeToString(v)
		}
	}
	return tags
}

// firstDifference shows the lines around the first that differ.
func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range g {
		if i >= len(w) || g[i] != w[i] {
			from := max(0, i-5)
			return "got:\n" + strings.Join(g[from:min(len(g), i+5)], "\n") + "\nwant:\n" + strings.Join(w[min(len(w), from):min(len(w), i+5)], "\n")
		}
	}
	return "got is a part of want"
}

// randomTraces has a few traces of a few services with everything in it.
func randomTraces(r *rand.Rand) ptrace.Traces {
	td := ptrace.NewTraces()
	for range 1 + r.IntN(3) {
		rs := td.ResourceSpans().AppendEmpty()
		if r.IntN(4) > 0 {
			rs.Resource().Attributes().PutStr("service.name", []string{"a", "b", "c d"}[r.IntN(3)])
			randomAttributes(r, rs.Resource().Attributes())
		}
		for range 1 + r.IntN(2) {
			ss := rs.ScopeSpans().AppendEmpty()
			if r.IntN(2) == 0 {
				ss.Scope().SetName("io.scope")
				ss.Scope().SetVersion([]string{"", "1.0"}[r.IntN(2)])
			}
			for range r.IntN(6) {
				randomSpan(r, ss.Spans().AppendEmpty())
			}
		}
	}
	return td
}

func randomSpan(r *rand.Rand, s ptrace.Span) {
	s.SetTraceID(traceID(byte(r.IntN(2)), byte(1+r.IntN(2))))
	s.SetSpanID(spanID(byte(1 + r.IntN(6))))
	if r.IntN(3) > 0 {
		s.SetParentSpanID(spanID(byte(1 + r.IntN(6))))
	}
	s.SetName([]string{"", "GET /", "é"}[r.IntN(3)])
	s.SetKind(ptrace.SpanKind(r.IntN(7)))
	s.SetStartTimestamp(at(time.Duration(r.Int64N(int64(time.Hour)))))
	s.SetEndTimestamp(s.StartTimestamp() + pcommon.Timestamp(r.Int64N(5000)) - 1000)
	s.SetFlags(uint32(r.IntN(4)))
	s.Status().SetCode(ptrace.StatusCode(r.IntN(3)))
	s.Status().SetMessage([]string{"", "broken"}[r.IntN(2)])
	s.TraceState().FromRaw([]string{"", "k=v"}[r.IntN(2)])
	randomAttributes(r, s.Attributes())
	for range r.IntN(3) {
		e := s.Events().AppendEmpty()
		e.SetName([]string{"", "event", "log"}[r.IntN(3)])
		e.SetTimestamp(s.StartTimestamp())
		randomAttributes(r, e.Attributes())
	}
	for range r.IntN(3) {
		l := s.Links().AppendEmpty()
		l.SetTraceID(traceID(byte(r.IntN(2)), byte(1+r.IntN(2))))
		l.SetSpanID(spanID(byte(1 + r.IntN(6))))
		if r.IntN(3) == 0 {
			l.Attributes().PutStr("opentracing.ref_type", []string{"child_of", "follows_from"}[r.IntN(2)])
		}
	}
}

func randomAttributes(r *rand.Rand, m pcommon.Map) {
	for range r.IntN(5) {
		key := []string{"k1", "k2", "event", "error", "span.kind", "http.status_code", ""}[r.IntN(7)]
		switch r.IntN(8) {
		case 0:
			m.PutStr(key, "text \"x\" \n <é> \u2028")
		case 1:
			m.PutInt(key, r.Int64()-r.Int64())
		case 2:
			m.PutInt(key, r.Int64N(600))
		case 3:
			m.PutDouble(key, r.NormFloat64()*1e3)
		case 4:
			m.PutBool(key, r.IntN(2) == 0)
		case 5:
			m.PutEmptyBytes(key).FromRaw([]byte{1, 2, byte(r.IntN(256))})
		case 6:
			_ = m.PutEmptySlice(key).FromRaw([]any{"x", int64(7), 1.5, true, nil})
		case 7:
			_ = m.PutEmptyMap(key).FromRaw(map[string]any{"b": int64(1), "a": []any{"y"}})
		}
	}
}
