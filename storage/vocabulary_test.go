package storage

import (
	"errors"
	"math"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

func TestParseIDs(t *testing.T) {
	for text, want := range map[string]TraceID{
		"1":                                {15: 1},
		"ABCDEF":                           {13: 0xab, 0xcd, 0xef},
		"0102030405060708090a0b0c0d0e0f10": {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
	} {
		if id, err := ParseTraceID(text); err != nil || id != want {
			t.Errorf("ParseTraceID(%q): got %v, %v", text, id, err)
		}
	}
	for _, text := range []string{"", "xyz", strings.Repeat("0", 33), "0x1"} {
		if _, err := ParseTraceID(text); err == nil || !strings.Contains(err.Error(), "hex digits") {
			t.Errorf("ParseTraceID(%q): got %v, want an error that says what is allowed", text, err)
		}
	}
	if id, err := ParseSpanID("ff"); err != nil || id != (SpanID{7: 0xff}) {
		t.Errorf("ParseSpanID: got %v, %v", id, err)
	}
	if _, err := ParseSpanID(strings.Repeat("1", 17)); err == nil {
		t.Error("ParseSpanID takes at most 16 digits")
	}
}

func TestNames(t *testing.T) {
	if s := KeyService.String(); s != "resource.service.name" {
		t.Errorf("got %s", s)
	}
	if Scope(99).String() != "scope(99)" || Type(99).String() != "type(99)" || TypeMap.String() != "kvlist" {
		t.Error("names of what does not exist must not panic")
	}
}

func TestWindow(t *testing.T) {
	w := Window{10, 20}
	if !w.Contains(10) || w.Contains(20) || w.Contains(9) || w.Empty() || !(Window{5, 5}).Empty() || !AllTime().Contains(0) {
		t.Error("a window is from inclusive, to exclusive")
	}
}

func TestValuesAreComparable(t *testing.T) {
	for name, v := range anyValues().All() {
		a, b := ValueOf(v), ValueOf(v)
		if a != b {
			t.Errorf("%s: equal values must be ==", name)
		}
		p := pcommon.NewValueEmpty()
		if err := a.CopyTo(p); err != nil || ValueOf(p) != a {
			t.Errorf("%s: got %v, %v", name, p.AsRaw(), err)
		}
	}
	if Int(500) == String("500") || Int(1) == Float(1) || Bytes([]byte("a")) == String("a") || Empty() == (Value{}) || Bool(false) == Int(0) {
		t.Error("values of different type differ")
	}
	if (Array("\xff")).CopyTo(pcommon.NewValueEmpty()) == nil {
		t.Error("a damaged array must be told")
	}
}

func TestText(t *testing.T) {
	array := pcommon.NewValueEmpty()
	array.SetEmptySlice().AppendEmpty().SetStr("x")
	for want, v := range map[string]Value{
		"s": String("s"), "-5": Int(-5), "1.5": Float(1.5), "true": Bool(true), "AP8=": Bytes([]byte{0, 255}), `["x"]`: ValueOf(array), "": Empty(),
	} {
		if got := v.Text(); got != want {
			t.Errorf("text of %v is %q, want %q", v.Type(), got, want)
		}
	}
	if (Value{}).Text() != "" || Float(1e21).Text() != "1e+21" {
		t.Error("text of the absent value and of large floats")
	}
}

func TestHolds(t *testing.T) {
	re := regexp.MustCompile(`^(?:5..)$`)
	big := int64(1<<53 + 1)
	for _, c := range []struct {
		v    Value
		cmp  Compare
		want bool
	}{
		{Int(500), Compare{Op: Equal, Value: Int(500)}, true},
		{Int(500), Compare{Op: Equal, Value: Float(500)}, true},
		{Int(big), Compare{Op: Equal, Value: Float(1 << 53)}, false},
		{Int(big), Compare{Op: Greater, Value: Float(1 << 53)}, true},
		{Float(1 << 53), Compare{Op: Less, Value: Int(big)}, true},
		{Int(-1), Compare{Op: Less, Value: Float(-0.5)}, true},
		{Int(math.MaxInt64), Compare{Op: Less, Value: Float(math.Inf(1))}, true},
		{Int(math.MinInt64), Compare{Op: Greater, Value: Float(math.Inf(-1))}, true},
		{Int(math.MinInt64), Compare{Op: Equal, Value: Float(math.MinInt64)}, true},
		{Float(math.NaN()), Compare{Op: Equal, Value: Float(math.NaN())}, false},
		{Float(math.NaN()), Compare{Op: NotEqual, Value: Float(math.NaN())}, true},
		{Float(math.NaN()), Compare{Op: LessEqual, Value: Int(1)}, false},
		{String("500"), Compare{Op: Equal, Value: Int(500)}, false},
		{String("500"), Compare{Op: NotEqual, Value: Int(500)}, true},
		{String("500"), Compare{Op: Equal, Value: Int(500), AsText: true}, true},
		{Int(500), Compare{Op: Match, Regexp: re}, false},
		{Int(500), Compare{Op: NotMatch, Regexp: re}, false},
		{Int(500), Compare{Op: Match, Regexp: re, AsText: true}, true},
		{String("404"), Compare{Op: NotMatch, Regexp: re}, true},
		{String("b"), Compare{Op: Greater, Value: String("a")}, true},
		{Bool(false), Compare{Op: Less, Value: Bool(true)}, true},
		{Bytes([]byte{1}), Compare{Op: Less, Value: Bytes([]byte{2})}, true},
		{Value{}, Compare{Op: NotEqual, Value: Int(1)}, false},
		{Value{}, Compare{Op: NotMatch, Regexp: re, AsText: true}, false},
		{Empty(), Compare{Op: Equal, Value: Empty()}, true},
	} {
		if got := c.cmp.Holds(c.v); got != c.want {
			t.Errorf("%s %q op %d %s %q text %v: got %v", c.v.Type(), c.v.Text(), c.cmp.Op, c.cmp.Value.Type(), c.cmp.Value.Text(), c.cmp.AsText, got)
		}
	}
}

func TestCheckSpan(t *testing.T) {
	limits := Limits{ValueBytes: 20, Attributes: 3, Events: 2}
	deep := func(v pcommon.Value, n int) {
		for range n {
			v = v.SetEmptySlice().AppendEmpty()
		}
	}
	for name, c := range map[string]struct {
		change func(ptrace.Span)
		want   Reason
	}{
		"good":        {func(s ptrace.Span) {}, ""},
		"backwards":   {func(s ptrace.Span) { s.SetEndTimestamp(1) }, ""},
		"no trace id": {func(s ptrace.Span) { s.SetTraceID(TraceID{}) }, ReasonNoTraceID},
		"no span id":  {func(s ptrace.Span) { s.SetSpanID(SpanID{}) }, ReasonNoSpanID},
		"start":       {func(s ptrace.Span) { s.SetStartTimestamp(math.MaxInt64 + 1) }, ReasonTimeRange},
		"end":         {func(s ptrace.Span) { s.SetEndTimestamp(math.MaxInt64 + 1) }, ReasonTimeRange},
		"name":        {func(s ptrace.Span) { s.SetName(strings.Repeat("é", 200)) }, ReasonTooLarge},
		"message":     {func(s ptrace.Span) { s.Status().SetMessage(strings.Repeat("x", 21)) }, ReasonTooLarge},
		"trace state": {func(s ptrace.Span) { s.TraceState().FromRaw(strings.Repeat("x", 21)) }, ReasonTooLarge},
		"value":       {func(s ptrace.Span) { s.Attributes().PutStr("k", strings.Repeat("x", 21)) }, ReasonTooLarge},
		"key":         {func(s ptrace.Span) { s.Attributes().PutStr(strings.Repeat("x", 21), "") }, ReasonTooLarge},
		"nested":      {func(s ptrace.Span) { s.Attributes().PutEmptyMap("k").PutStr("k", strings.Repeat("x", 18)) }, ReasonTooLarge},
		"deep":        {func(s ptrace.Span) { deep(s.Attributes().PutEmpty("k"), 65) }, ReasonTooLarge},
		"attributes":  {func(s ptrace.Span) { anyValues().CopyTo(s.Attributes()) }, ReasonTooManyKey},
		"wide map": {func(s ptrace.Span) {
			_ = s.Attributes().PutEmptyMap("k").FromRaw(map[string]any{"a": 1, "b": 1, "c": 1, "d": 1})
		}, ReasonTooLarge},
		"event name":       {func(s ptrace.Span) { s.Events().AppendEmpty().SetName(strings.Repeat("x", 21)) }, ReasonTooLarge},
		"event attributes": {func(s ptrace.Span) { anyValues().CopyTo(s.Events().AppendEmpty().Attributes()) }, ReasonTooManyKey},
		"link attributes":  {func(s ptrace.Span) { anyValues().CopyTo(s.Links().AppendEmpty().Attributes()) }, ReasonTooManyKey},
		"link trace state": {func(s ptrace.Span) { s.Links().AppendEmpty().TraceState().FromRaw(strings.Repeat("x", 21)) }, ReasonTooLarge},
		"too many events": {func(s ptrace.Span) {
			s.Events().EnsureCapacity(3)
			s.Events().AppendEmpty()
			s.Events().AppendEmpty()
			s.Events().AppendEmpty()
		}, ReasonTooLarge},
	} {
		s := ptrace.NewSpan()
		s.SetTraceID(TraceID{1})
		s.SetSpanID(SpanID{1})
		s.SetName("name")
		s.SetStartTimestamp(5)
		c.change(s)
		reason, detail, ok := limits.CheckSpan(s)
		if reason != c.want || ok != (c.want == "") || (detail == "") != ok || !utf8.ValidString(detail) {
			t.Errorf("%s: got %q %q %v, want %q", name, reason, detail, ok, c.want)
		}
		if c.want == ReasonTooLarge && name != "deep" {
			if reason, _, ok := (Limits{}).CheckSpan(s); !ok {
				t.Errorf("%s: zero limits mean no limit, got %s", name, reason)
			}
		}
	}
	s := ptrace.NewSpan()
	s.SetTraceID(TraceID{1})
	s.SetSpanID(SpanID{1})
	deep(s.Attributes().PutEmpty("k"), 200_000)
	if reason, _, _ := (Limits{}).CheckSpan(s); reason != ReasonTooLarge {
		t.Errorf("a value nested too deep to be read back is refused without limits: got %q", reason)
	}
}

// TestDeepestValueIsReadable ties what is admitted to what can be decoded.
func TestDeepestValueIsReadable(t *testing.T) {
	for n := 60; n < 70; n++ {
		m := pcommon.NewMap()
		v := m.PutEmpty("k")
		for range n {
			v = v.SetEmptyMap().PutEmpty("x")
		}
		_, _, ok := Limits{}.CheckAttributes(m)
		root, _ := m.Get("k")
		err := DecodeAnyValue(AppendAnyValue(nil, root), pcommon.NewValueEmpty())
		if ok && err != nil {
			t.Errorf("%d levels are admitted and cannot be decoded: %v", n, err)
		}
		if !ok && n <= 63 {
			t.Errorf("%d levels are refused", n)
		}
	}
}

func TestCheckLog(t *testing.T) {
	limits := Limits{ValueBytes: 20, Attributes: 3}
	for name, c := range map[string]struct {
		change func(plog.LogRecord)
		want   Reason
	}{
		"empty":      {func(plog.LogRecord) {}, ""},
		"time":       {func(r plog.LogRecord) { r.SetTimestamp(math.MaxUint64) }, ReasonTimeRange},
		"observed":   {func(r plog.LogRecord) { r.SetObservedTimestamp(math.MaxUint64) }, ReasonTimeRange},
		"body":       {func(r plog.LogRecord) { r.Body().SetStr(strings.Repeat("x", 21)) }, ReasonTooLarge},
		"severity":   {func(r plog.LogRecord) { r.SetSeverityText(strings.Repeat("x", 21)) }, ReasonTooLarge},
		"event name": {func(r plog.LogRecord) { r.SetEventName(strings.Repeat("x", 21)) }, ReasonTooLarge},
		"attributes": {func(r plog.LogRecord) { anyValues().CopyTo(r.Attributes()) }, ReasonTooManyKey},
	} {
		r := plog.NewLogRecord()
		c.change(r)
		if reason, detail, ok := limits.CheckLog(r); reason != c.want || ok != (c.want == "") || (detail == "") != ok {
			t.Errorf("%s: got %q %q %v, want %q", name, reason, detail, ok, c.want)
		}
	}
}

func TestOutcome(t *testing.T) {
	var o Outcome
	o.Reject(ReasonNoSpanID, "first")
	o.Reject(ReasonTooLarge, "other")
	o.Reject(ReasonNoSpanID, "second")
	if o.RejectedCount() != 3 || len(o.Rejected) != 2 || o.Rejected[0].Count != 2 || o.Rejected[0].Example != "first" {
		t.Errorf("got %+v", o)
	}
}

func TestUnsupportedSignals(t *testing.T) {
	ctx := t.Context()
	_, metrics := UnsupportedMetrics{}.WriteMetrics(ctx, pmetric.NewMetrics())
	_, names := UnsupportedMetrics{}.LabelNames(ctx, MetricQuery{})
	_, logs := UnsupportedLogs{}.WriteLogs(ctx, plog.NewLogs())
	_, keys := UnsupportedLogs{}.LogKeys(ctx, AllTime())
	for _, err := range []error{metrics, names, logs, keys} {
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("got %v", err)
		}
	}
	for _, err := range (UnsupportedLogs{}).ScanLogs(ctx, LogScan{}) {
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("got %v", err)
		}
	}
}

func TestColumnValue(t *testing.T) {
	c := Column{
		Types: []Type{TypeAbsent, TypeString, TypeInt, TypeFloat, TypeBool, TypeEmpty, TypeBytes},
		Bits:  []uint64{0, 1, math.MaxUint64, math.Float64bits(1.5), 1, 0, 0},
		Dict:  []string{"b", "s"},
	}
	for i, want := range []Value{{}, String("s"), Int(-1), Float(1.5), Bool(true), Empty(), Bytes([]byte("b"))} {
		if got := c.Value(i); got != want {
			t.Errorf("row %d: got %v, want %v", i, got, want)
		}
	}
}
