package filter

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage"
)

// TestBounds: what is asked of a store holds of every span that satisfies a
// filter, and of no other where it is said to be exact.
func TestBounds(t *testing.T) {
	exact, matched := 0, 0
	const rounds = 5_000
	for seed := range uint64(rounds) {
		r := rand.New(rand.NewPCG(seed, 1))
		s := randomSpans(r)
		text := randomCall(r, 3, 0)
		f, err := ParseJSON("filter", text)
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, text)
		}
		checkBound(t, f, s, fmt.Sprintf("seed %d: %s", seed, text))
		if _, ok := f.Where(); ok {
			exact++
		}
		for row := range s.Len() {
			if f.Matches(s, row) {
				matched++
				break
			}
		}
		again, err := ParseJSON("filter", text)
		if err != nil || again.String() != f.String() {
			t.Fatalf("seed %d: %s is %s", seed, f, again)
		}
	}
	if exact < rounds/5 || matched < rounds/5 || matched > rounds*4/5 {
		t.Errorf("of %d filters %d are exact, %d match: the random ones say little", rounds, exact, matched)
	}
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

var (
	randomKeys  = []string{"a", "b", "c"}
	randomTexts = []string{"", "1", "2", "1.0", "-1", "1e3", "true", "x", "y", "x y", "zero", "server", "ok", "AQ==", "[1]"}
	randomIDs   = []string{"1", "2", "3", "0000000000000001", "ab00000000000001", "00000000000000000000000000000002", "none"}
)

func randomSpans(r *rand.Rand) *storage.Spans {
	td := ptrace.NewTraces()
	for range 1 + r.IntN(3) {
		rs := td.ResourceSpans().AppendEmpty()
		rs.SetSchemaUrl(pick(r, []string{"", "x"}))
		if name := pick(r, []string{"x", "y", "1", NoServiceName, ""}); name != "" || r.IntN(2) == 0 {
			rs.Resource().Attributes().PutStr("service.name", name)
		}
		randomAttributes(r, rs.Resource().Attributes())
		ss := rs.ScopeSpans().AppendEmpty()
		ss.SetSchemaUrl(pick(r, []string{"", "x"}))
		ss.Scope().SetName(pick(r, randomTexts))
		ss.Scope().SetVersion(pick(r, randomTexts))
		randomAttributes(r, ss.Scope().Attributes())
		for range 1 + r.IntN(3) {
			s := ss.Spans().AppendEmpty()
			s.SetTraceID(pcommon.TraceID{15: byte(1 + r.IntN(3))})
			s.SetSpanID(pcommon.SpanID{0xab, 7: byte(1 + r.IntN(3))})
			if r.IntN(2) == 0 {
				s.SetParentSpanID(pcommon.SpanID{0xab, 7: byte(1 + r.IntN(3))})
			}
			s.SetName(pick(r, randomTexts))
			s.SetKind(ptrace.SpanKind(r.IntN(8)))
			s.Status().SetCode(ptrace.StatusCode(r.IntN(4)))
			s.Status().SetMessage(pick(r, randomTexts))
			s.TraceState().FromRaw(pick(r, randomTexts))
			start := noon.Add(time.Duration(r.IntN(3)) * time.Second)
			s.SetStartTimestamp(pcommon.NewTimestampFromTime(start))
			s.SetEndTimestamp(pcommon.NewTimestampFromTime(start.Add(time.Duration(r.IntN(4)-1) * time.Second)))
			randomAttributes(r, s.Attributes())
			for range r.IntN(3) {
				e := s.Events().AppendEmpty()
				e.SetName(pick(r, randomTexts))
				e.SetTimestamp(s.StartTimestamp() + pcommon.Timestamp(r.IntN(3))*pcommon.Timestamp(time.Second))
				randomAttributes(r, e.Attributes())
			}
			for range max(0, r.IntN(4)-1) {
				l := s.Links().AppendEmpty()
				l.SetTraceID(pcommon.TraceID{15: byte(r.IntN(3))})
				l.SetSpanID(pcommon.SpanID{0xab, 7: byte(1 + r.IntN(3))})
				l.TraceState().FromRaw(pick(r, randomTexts))
				randomAttributes(r, l.Attributes())
			}
		}
	}
	return storage.SpansFromPdata(td)
}

func randomAttributes(r *rand.Rand, m pcommon.Map) {
	for range r.IntN(3) {
		switch key := pick(r, randomKeys); r.IntN(8) {
		case 0:
			m.PutInt(key, int64(r.IntN(4)-1))
		case 1:
			m.PutDouble(key, pick(r, []float64{-1, 1, 1.5, 1000}))
		case 2:
			m.PutBool(key, r.IntN(2) == 0)
		case 3:
			m.PutEmptyBytes(key).FromRaw([]byte{1})
		case 4:
			m.PutEmptySlice(key).AppendEmpty().SetInt(1)
		case 5:
			m.PutEmpty(key)
		default:
			m.PutStr(key, pick(r, randomTexts))
		}
	}
}

// randomCall is a filter that is allowed. within has the levels that a some
// around it visits.
func randomCall(r *rand.Rand, depth int, within levels) string {
	nested := func(within levels) string { return `{"call":` + randomCall(r, depth-1, within) + `}` }
	if depth > 0 {
		switch r.IntN(8) {
		case 0:
			return call("not", nested(within))
		case 1, 2:
			return call(pick(r, []string{"and", "or"}), nested(within), nested(within))
		case 3, 4:
			if l := pick(r, []level{eventLevel, linkLevel}); !within.has(l) {
				return call("some", `{"nested":{"level":"`+l.String()+`"}}`, nested(within.with(l)))
			}
		}
	}
	scalar := func(text, of string) string {
		if of != "" {
			of = `,"type":"` + of + `"`
		}
		return `{"scalar":{"value":` + quote(text) + of + `}}`
	}
	list := func(of string, texts ...string) string {
		b, _ := json.Marshal(texts)
		return `{"list":{"values":` + string(b) + `,"type":"` + of + `"}}`
	}
	typed := func() (of string, texts []string) {
		switch r.IntN(8) {
		case 0:
			return "int", []string{"-1", "1", "2"}
		case 1:
			return "double", []string{"-1", "1", "1.5", "1e3"}
		case 2:
			return "string", randomTexts
		}
		return "", randomTexts
	}
	attr := `{"attr":{"key":"` + pick(r, randomKeys) + `","level":"` + pick(r, levelNames[:]) + `"}}`
	if r.IntN(2) == 0 {
		op := pick(r, []string{"eq", "ne", "lt", "lte", "gt", "gte"})
		of, texts := typed()
		switch r.IntN(7) {
		case 0:
			return call("exists", attr)
		case 1:
			return call("regex", attr, scalar(pick(r, []string{"x", "^1", "1$", "x*", "(?i)TRUE", "^$"}), ""))
		case 2:
			return call(pick(r, []string{"in", "not_in"}), attr, list(of, pick(r, texts), pick(r, texts)))
		case 3:
			return call(op, attr, `{"attr":{"key":"`+pick(r, randomKeys)+`"}}`)
		case 4:
			return call(pick(r, []string{"phrase", "fulltext"}), attr, list("", "x", pick(r, []string{"y", "1"})))
		case 5:
			return call(op, scalar(pick(r, texts), of), attr)
		}
		return call(op, attr, scalar(pick(r, texts), of))
	}
	f := pick(r, fields)
	ref := func(f *field) string {
		return `{"field":{"name":"` + f.name + `","level":"` + f.level.String() + `"}}`
	}
	texts := randomTexts
	switch {
	case f.idBytes > 0:
		texts = randomIDs
	case f.kind == durationKind:
		texts = []string{"-1s", "0s", "1s", "2000ms"}
	case f.kind == instantKind:
		texts = []string{noon.Format(time.RFC3339Nano), noon.Add(time.Second).Format(time.RFC3339Nano)}
	case f.kind == wordKind:
		texts = f.words
	case f.key == storage.KeyService:
		texts = append([]string{NoServiceName}, randomTexts...)
	}
	ops := []string{"eq", "ne"}
	if f.kind.ordered() {
		ops = append(ops, "lt", "lte", "gt", "gte")
	}
	switch r.IntN(5) {
	case 0:
		return call("exists", ref(f))
	case 1:
		return call(pick(r, []string{"in", "not_in"}), ref(f), list("", pick(r, texts), pick(r, texts)))
	case 2:
		if f.kind == textKind || f.kind == wordKind {
			return call("regex", ref(f), scalar(pick(r, []string{"x", "^1", "er$", "x*", "Service", "^$", "0[12]$"}), ""))
		}
	case 3:
		if o := pick(r, fields); o.kind == f.kind {
			return call(pick(r, ops), ref(f), ref(o))
		}
	}
	return call(pick(r, ops), ref(f), scalar(pick(r, texts), ""))
}

func call(op string, args ...string) string {
	text := `{"op":"` + op + `","args":[`
	for i, a := range args {
		if i > 0 {
			text += ","
		}
		text += a
	}
	return text + "]}"
}

func quote(text string) string {
	b, _ := json.Marshal(text)
	return string(b)
}

// TestLimits: what is too deep, too large or too long is refused, wherever it is.
func TestLimits(t *testing.T) {
	leaf := `{"op":"exists","args":[{"attr":{"key":"a"}}]}`
	deep := leaf
	for range MaxNesting - 1 {
		deep = call("not", `{"call":`+deep+`}`)
	}
	if _, err := ParseJSON("f", deep); err != nil {
		t.Error(err)
	}
	values := make([]string, MaxTerms)
	wide := func(n int) string {
		b, _ := json.Marshal(values[:n])
		return call("in", `{"attr":{"key":"a"}}`, `{"list":{"values":`+string(b)+`}}`)
	}
	if _, err := ParseJSON("f", wide(MaxTerms-2)); err != nil {
		t.Error(err)
	}
	for _, text := range []string{
		call("not", `{"call":`+deep+`}`), wide(MaxTerms - 1),
		call("regex", `{"attr":{"key":"a"}}`, `{"scalar":{"value":`+quote(string(make([]byte, maxPattern+1)))+`}}`),
		call("regex", `{"attr":{"key":"a"}}`, `{"scalar":{"value":"((a{1000}){1000}){1000}"}}`),
		call("regex", `{"attr":{"key":"a"}}`, `{"scalar":{"value":"`+strings.Repeat("(abcdefghij){1000}", 20)+`"}}`),
		call("phrase", `{"attr":{"key":"a"}}`, `{"list":{"values":["`+fmt.Sprintf("%0300d", 1)+`"]}}`),
	} {
		if f, err := ParseJSON("f", text); err == nil {
			t.Errorf("%.60s… is %.60s…", text, f)
		}
	}
	if _, err := Parse("f", nil); err == nil {
		t.Error("nothing is a filter")
	}
}

// FuzzParseJSON: whatever is sent is refused with a place, or is a filter that
// agrees with what it asks of the store.
func FuzzParseJSON(f *testing.F) {
	for seed := range uint64(50) {
		f.Add(randomCall(rand.New(rand.NewPCG(seed, 2)), 3, 0))
	}
	for _, text := range []string{"", "{}", "null", "[]", `{"op":"and","args":[{},null]}`, `{"op":"eq","args":[{"scalar":{"value":"\ud800"}},{"scalar":{}}]}`} {
		f.Add(text)
	}
	spans := []*storage.Spans{bakery(), randomSpans(rand.New(rand.NewPCG(1, 3)))}
	f.Fuzz(func(t *testing.T, text string) {
		filter, err := ParseJSON("filter", text)
		if err != nil {
			if e := (*Error)(nil); !errors.As(err, &e) || e.Path == "" || e.Problem == "" {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		for _, s := range spans {
			checkBound(t, filter, s, text)
		}
		_ = filter.String()
	})
}
