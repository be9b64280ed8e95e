package otlptest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

var texts = []string{"", "a", "GET /", "é", "not \xff UTF-8", "\xc3", strings.Repeat("long ", 60), "500"}

func text(r *rand.Rand) string { return texts[r.IntN(len(texts))] }

// Traces returns about n random spans with values of all types, empty ones,
// text that is not UTF-8, missing ids, impossible times.
func Traces(r *rand.Rand, n int) ptrace.Traces {
	td := ptrace.NewTraces()
	for td.SpanCount() < n {
		rs := td.ResourceSpans().AppendEmpty()
		randomResource(r, rs.Resource())
		rs.SetSchemaUrl(text(r))
		for range r.IntN(3) {
			ss := rs.ScopeSpans().AppendEmpty()
			randomScope(r, ss.Scope())
			ss.SetSchemaUrl(text(r))
			for range r.IntN(6) {
				randomSpan(r, ss.Spans().AppendEmpty())
			}
		}
		if td.ResourceSpans().Len() > 100 {
			break
		}
	}
	return td
}

// Logs returns about n random log records of the same kind.
func Logs(r *rand.Rand, n int) plog.Logs {
	ld := plog.NewLogs()
	for ld.LogRecordCount() < n {
		rl := ld.ResourceLogs().AppendEmpty()
		randomResource(r, rl.Resource())
		rl.SetSchemaUrl(text(r))
		for range r.IntN(3) {
			sl := rl.ScopeLogs().AppendEmpty()
			randomScope(r, sl.Scope())
			sl.SetSchemaUrl(text(r))
			for range r.IntN(6) {
				randomRecord(r, sl.LogRecords().AppendEmpty())
			}
		}
		if ld.ResourceLogs().Len() > 100 {
			break
		}
	}
	return ld
}

func randomResource(r *rand.Rand, to pcommon.Resource) {
	Attributes(r, to.Attributes(), 3)
	to.SetDroppedAttributesCount(r.Uint32N(3))
}

func randomScope(r *rand.Rand, to pcommon.InstrumentationScope) {
	to.SetName(text(r))
	to.SetVersion(text(r))
	Attributes(r, to.Attributes(), 2)
	to.SetDroppedAttributesCount(r.Uint32N(3))
}

func randomSpan(r *rand.Rand, s ptrace.Span) {
	s.SetTraceID(traceID(r))
	s.SetSpanID(spanID(r))
	s.SetParentSpanID(spanID(r))
	s.SetName(text(r))
	s.SetKind(ptrace.SpanKind(enum(r)))
	s.SetStartTimestamp(timestamp(r))
	s.SetEndTimestamp(timestamp(r))
	s.SetFlags(r.Uint32N(3) << 8)
	s.TraceState().FromRaw(text(r))
	s.Status().SetMessage(text(r))
	s.Status().SetCode(ptrace.StatusCode(enum(r)))
	s.SetDroppedAttributesCount(r.Uint32N(2))
	s.SetDroppedEventsCount(r.Uint32N(2))
	s.SetDroppedLinksCount(r.Uint32N(2))
	Attributes(r, s.Attributes(), 6)
	for range max(0, r.IntN(5)-2) {
		e := s.Events().AppendEmpty()
		e.SetName(text(r))
		e.SetTimestamp(timestamp(r))
		e.SetDroppedAttributesCount(r.Uint32N(2))
		Attributes(r, e.Attributes(), 2)
	}
	for range max(0, r.IntN(5)-2) {
		l := s.Links().AppendEmpty()
		l.SetTraceID(traceID(r))
		l.SetSpanID(spanID(r))
		l.TraceState().FromRaw(text(r))
		l.SetFlags(r.Uint32N(2))
		l.SetDroppedAttributesCount(r.Uint32N(2))
		Attributes(r, l.Attributes(), 2)
	}
}

func randomRecord(r *rand.Rand, to plog.LogRecord) {
	to.SetTraceID(traceID(r))
	to.SetSpanID(spanID(r))
	to.SetTimestamp(timestamp(r))
	to.SetObservedTimestamp(timestamp(r))
	to.SetSeverityNumber(plog.SeverityNumber(enum(r)))
	to.SetSeverityText(text(r))
	to.SetEventName(text(r))
	to.SetFlags(plog.LogRecordFlags(r.Uint32N(2)))
	to.SetDroppedAttributesCount(r.Uint32N(2))
	Value(r, to.Body(), 0)
	Attributes(r, to.Attributes(), 6)
}

func traceID(r *rand.Rand) (id pcommon.TraceID) {
	if r.IntN(12) > 0 {
		id = pcommon.TraceID{1, byte(r.IntN(20))}
	}
	return id
}

func spanID(r *rand.Rand) (id pcommon.SpanID) {
	if r.IntN(12) > 0 {
		id = pcommon.SpanID{2, byte(r.IntN(20))}
	}
	return id
}

func enum(r *rand.Rand) int32 {
	return []int32{0, 1, 2, 3, 24, 255, 256, -1, math.MinInt32, math.MaxInt32}[r.IntN(10)]
}

func timestamp(r *rand.Rand) pcommon.Timestamp {
	if r.IntN(30) == 0 {
		return []pcommon.Timestamp{0, math.MaxInt64, math.MaxInt64 + 1, math.MaxUint64}[r.IntN(4)]
	}
	return pcommon.Timestamp(1_700_000_000_000_000_000 + r.Uint64N(1e12))
}

// Attributes sets up to most random attributes.
func Attributes(r *rand.Rand, m pcommon.Map, most int) {
	for range r.IntN(most + 1) {
		key := text(r)
		if r.IntN(3) > 0 {
			key = fmt.Sprint("key", r.IntN(9))
		}
		Value(r, m.PutEmpty(key), 0)
	}
}

// Value sets a random value of any type.
func Value(r *rand.Rand, v pcommon.Value, depth int) {
	switch n := r.IntN(14); {
	case n == 0 && depth < 4:
		for range r.IntN(4) {
			Value(r, append1(v), depth+1)
		}
	case n == 1 && depth < 4:
		Attributes(r, v.SetEmptyMap(), 3)
	case n == 2:
		v.SetInt(r.Int64() >> r.IntN(64) * (1 - 2*r.Int64N(2)))
	case n == 3:
		v.SetDouble([]float64{0, math.Copysign(0, -1), 1.5, math.NaN(), math.Inf(1)}[r.IntN(5)])
	case n == 4:
		v.SetBool(r.IntN(2) == 0)
	case n == 5:
		v.SetEmptyBytes().FromRaw([]byte(text(r)))
	case n == 6: // empty
	case n == 7:
		v.SetEmptySlice()
	default:
		v.SetStr(text(r))
	}
}

func append1(v pcommon.Value) pcommon.Value {
	if v.Type() != pcommon.ValueTypeSlice {
		v.SetEmptySlice()
	}
	return v.Slice().AppendEmpty()
}
