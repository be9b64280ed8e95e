package otlp

import (
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/otlp/otlptest"
)

var floatBits = math.Float64bits

func encodedTraces(t testing.TB, td ptrace.Traces) []byte {
	t.Helper()
	b, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func encodedLogs(t testing.TB, ld plog.Logs) []byte {
	t.Helper()
	b, err := (&plog.ProtoMarshaler{}).MarshalLogs(ld)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSpansAreWhatPdataReads(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	var d Spans // one for all, so that nothing of a request stays
	accepted := 0
	const rounds = 500
	for round := range rounds {
		body := encodedTraces(t, otlptest.Traces(r, r.IntN(12)))
		sameSpans(t, body, &d)
		sameSpans(t, otlptest.Ascending(body), &d)
		if sameSpans(t, otlptest.Hostile(r, body, round%2 == 0), &d) {
			accepted++
		}
	}
	if accepted < rounds/2 || accepted > rounds*19/20 {
		t.Errorf("%d of %d hostile requests were readable: the test wants both kinds", accepted, rounds)
	}
}

func TestLogsAreWhatPdataReads(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var d Logs
	accepted := 0
	const rounds = 500
	for round := range rounds {
		body := encodedLogs(t, otlptest.Logs(r, r.IntN(12)))
		sameLogs(t, body, &d)
		sameLogs(t, otlptest.AscendingLogs(body), &d)
		if sameLogs(t, otlptest.HostileLogs(r, body, round%2 == 0), &d) {
			accepted++
		}
	}
	if accepted < rounds/2 || accepted > rounds*19/20 {
		t.Errorf("%d of %d hostile requests were readable: the test wants both kinds", accepted, rounds)
	}
}

// shapes has what no random request is sure to hit, and whether it is a request.
func shapes() map[string]shape {
	id := "\x0a\x10AAAAAAAAAAAAAAAA\x12\x08BBBBBBBB"
	attr := func(key, value string) string { return field(1, key) + field(2, value) }
	text := func(s string) string { return field(1, s) }
	array := func(items ...string) string {
		all := ""
		for _, item := range items {
			all += field(1, item)
		}
		return field(5, all)
	}
	span := func(more string) string { return field(1, field(2, field(2, id+more))) }
	deep := func(levels int, core string) string {
		for range levels {
			core = array(core)
		}
		return span(field(9, attr("deep", core)))
	}
	return map[string]shape{
		"nothing":                     {"", true},
		"no scopes":                   {field(1, ""), true},
		"resource between scopes":     {field(1, field(1, field(1, attr("a", text("1"))))+field(2, field(2, id))+field(1, field(1, attr("b", text("2")))+"\x10\x07")+field(3, "url")), true},
		"scope between spans":         {field(1, field(2, field(1, field(3, attr("a", text("1"))))+field(2, id)+field(1, field(1, "name")+field(3, attr("b", text("2"))))+field(2, id))), true},
		"attributes between events":   {span(field(9, attr("a", text("1"))) + field(11, field(3, attr("e", text("1")))) + field(9, attr("b", text("2"))) + field(11, field(3, attr("f", text("1"))))), true},
		"status twice":                {span(field(15, field(2, "message")) + field(15, "\x18\x02")), true},
		"id taken back":               {span("\x0a\x00"), true},
		"short id":                    {span(field(1, "short")), false},
		"long id":                     {span(field(2, "nine bytes")), false},
		"value twice, second empty":   {span(field(9, field(1, "a")+field(2, text("kept"))+field(2, ""))), true},
		"value twice":                 {span(field(9, field(2, array(text("lost")))+field(2, "\x18\x05")+field(1, "a"))), true},
		"value of an item twice":      {span(field(9, attr("a", array("\x18\x05"+text("x"), text("x")+"\x10\x01")))), true},
		"pair: value first":           {span(field(9, attr("a", field(6, field(1, field(2, text("v"))+field(1, "k")))))), true},
		"pair: only a key":            {span(field(9, attr("a", field(6, field(1, field(1, "k")))))), true},
		"pair: empty":                 {span(field(9, attr("a", field(6, field(1, ""))))), true},
		"pair: value twice":           {span(field(9, attr("a", field(6, field(1, field(1, "k")+field(2, text("kept"))+field(2, "")))))), true},
		"pair: nested replaced":       {span(field(9, attr("a", field(6, field(1, field(1, "k")+field(2, array(array()))+field(2, "\x18\x01")))))), true},
		"string index":                {span(field(9, attr("a", array("\x40\x05", text("x")+"\x40\x05")))), true},
		"bool of two bytes":           {span(field(9, attr("a", array("\x10\x80\x01")))), true},
		"bool of five":                {span(field(9, attr("a", "\x10\x05"))), true},
		"int, long":                   {span(field(9, attr("a", array("\x18\x81\x80\x00")))), true},
		"int with bits beyond 64":     {span(field(9, attr("a", array("\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f")))), true},
		"int of eleven bytes":         {span(field(9, attr("a", "\x18\x81\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"))), false},
		"long length":                 {span(field(9, attr("a", "\x2a\x84\x00\x0a\x02\x18\x01"))), true},
		"long tag":                    {span("\xca\x00\x03\x0a\x01k"), true},
		"tag with bits beyond 32":     {span("\xaa\x80\x80\x80\x80\x20\x01n"), true},
		"field 0":                     {span("\x02\x00"), false},
		"negative field":              {span("\xf8\xff\xff\xff\x7f\x00"), false},
		"wrong wire type":             {span("\x28\x00"), false},
		"wrong wire type, deprecated": {field(1, "\xc0\x3e\x01"), false},
		"wire type 6":                 {span("\xf6\x01"), false},
		"negative length":             {span("\x2a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), false},
		"huge length":                 {span("\x2a\xff\xff\xff\xff\x7f"), false},
		"group":                       {span("\xf3\x01\xf8\x01\x00"), true},
		"empty group, more follows":   {span("\xf3\x01\xf4\x01\x2a\x01n"), true},
		"empty group at the end":      {span("\xf3\x01\xf4\x01"), false},
		"end of no group":             {span("\xf4\x01"), false},
		"deprecated scopes":           {field(1, field(1000, field(2, id))+field(1000, field(2, id))), true},
		"deprecated and others":       {field(1, field(1000, field(1, field(3, attr("a", text("1"))))+field(2, id))+field(2, field(2, id))), true},
		"deprecated, damaged":         {field(1, field(2, field(2, id))+field(1000, field(2, "\x0a"))), false},
		"entity references":           {field(1, field(1, field(3, field(1, "url")+field(3, "key")+"\x28\x01"))), true},
		"entity reference, damaged":   {field(1, field(1, field(3, "\x08\x01"))), false},
		"64 levels":                   {deep(64, text("x")), true},
		"65 levels":                   {deep(65, text("x")), true},
		"90 levels, replaced":         {span(field(9, field(2, deepValue(90))+attr("a", text("x")))), true},
	}
}

type shape struct {
	body     string
	accepted bool
}

func TestShapes(t *testing.T) {
	for name, c := range shapes() {
		var d Spans
		if got := sameSpans(t, []byte(c.body), &d); got != c.accepted {
			t.Errorf("%s: accepted is %v: %v", name, got, d.Decode([]byte(c.body)))
		}
	}
}

// TestDamageBelowTheDeepestLevel is the exception of the package comment.
func TestDamageBelowTheDeepestLevel(t *testing.T) {
	core := "\x0a\x7f" // a string that is cut
	for range 80 {
		core = field(5, field(1, core))
	}
	var d Spans
	if err := d.Decode([]byte(field(1, field(2, field(2, field(9, field(1, "k")+field(2, core))))))); err != nil {
		t.Fatal(err)
	}
	if reason, _, ok := d.CheckAttrs(storage.Limits{}, d.Attrs(&d.Spans[0])); ok || reason != storage.ReasonTooLarge {
		t.Errorf("the record must be refused as too large, got %q", reason)
	}
}

func TestMalformedNamesThePlace(t *testing.T) {
	var d Spans
	good := field(2, field(2, ""))
	err := d.Decode([]byte(field(1, good) + field(1, good+field(2, field(2, field(9, "\x0a\x05"))))))
	if !errors.Is(err, storage.ErrMalformed) || !strings.Contains(err.Error(), "an attribute is cut or has a field of the wrong wire type or length, near resource 2, scope 2, record 3") {
		t.Errorf("got %v", err)
	}
}

// TestMapsAreMeasured wants the largest map of the value that won.
func TestMapsAreMeasured(t *testing.T) {
	pair := field(1, field(1, "k")+field(2, ""))
	three, five := field(6, pair+pair+pair), field(6, strings.Repeat(pair, 5))
	for name, c := range map[string]struct {
		value string
		want  uint32
	}{
		"canonical":          {field(5, field(1, three)+field(1, five)), 5},
		"replaced":           {field(5, field(1, five+three)), 3},
		"an array":           {field(5, strings.Repeat(field(1, ""), 9)), 0},
		"a map in a map":     {field(6, field(1, field(1, "k")+field(2, five))), 5},
		"value before a key": {field(6, field(1, field(2, five)+field(1, "k"))), 5},
	} {
		var d Spans
		if err := d.Decode([]byte(field(1, field(2, field(2, field(9, field(2, c.value))))))); err != nil {
			t.Fatal(err)
		}
		if got := d.Attrs(&d.Spans[0])[0].Entries; got != c.want {
			t.Errorf("%s: got %d entries, want %d", name, got, c.want)
		}
	}
}

func TestDecodeAllocatesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 5))
	body := encodedTraces(t, otlptest.Traces(r, 300))
	var d Spans
	var failed error
	if n := testing.AllocsPerRun(10, func() { failed = d.Decode(body) }); n > 0 || failed != nil {
		t.Errorf("%v allocations, %v", n, failed)
	}
	if d.Release() < 300*21 || len(d.Spans) != 0 {
		t.Errorf("Release must tell what is kept and let go of the request")
	}
}

// field encodes a length-delimited field.
func field(number uint64, content string) string {
	b := binary.AppendUvarint(nil, number<<3|2)
	b = binary.AppendUvarint(b, uint64(len(content)))
	return string(b) + content
}

func deepValue(levels int) (v string) {
	for range levels {
		v = field(5, field(1, v))
	}
	return v
}

func FuzzDecodeSpans(f *testing.F) {
	for _, c := range shapes() { // small, or the fuzzer spends its time on minimizing
		f.Add([]byte(c.body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var d Spans
		CountSpans(body)
		sameSpans(t, body, &d)
	})
}

func FuzzDecodeLogs(f *testing.F) {
	body := "\x09AAAAAAAA\x10\x09" + field(3, "INFO") + field(5, field(1, "text")) + field(6, field(1, "k")+field(2, "\x18\x05")) +
		"\x38\x01\x45\x01\x00\x00\x00" + field(9, "AAAAAAAAAAAAAAAA") + field(10, "BBBBBBBB") + "\x59AAAAAAAA" + field(12, "event")
	f.Add([]byte(field(1, field(1, "")+field(2, field(1, "")+field(2, body)+field(3, "url"))+field(3, "url"))))
	f.Add([]byte(field(1, field(1000, field(2, field(5, field(6, field(1, field(2, "\x10\x01")+field(1, "k")))))))))
	f.Fuzz(func(t *testing.T, body []byte) {
		var d Logs
		CountLogs(body)
		sameLogs(t, body, &d)
	})
}
