package storage

import (
	"bytes"
	"fmt"
	"math"
	"testing"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// anyValues has a value of every kind under a telling key.
func anyValues() pcommon.Map {
	m := pcommon.NewMap()
	m.PutStr("string", "text é")
	m.PutStr("no string", "")
	m.PutInt("least", math.MinInt64)
	m.PutInt("most", math.MaxInt64)
	m.PutDouble("nan", math.NaN())
	m.PutDouble("infinite", math.Inf(-1))
	m.PutDouble("minus zero", math.Copysign(0, -1))
	m.PutBool("true", true)
	m.PutBool("false", false)
	m.PutEmpty("empty")
	m.PutEmptyBytes("bytes").FromRaw([]byte{0, 255})
	m.PutEmptyBytes("no bytes")
	m.PutEmptySlice("no array")
	m.PutEmptyMap("no map")
	deep := m.PutEmptySlice("deep")
	deep.AppendEmpty()
	inner := deep.AppendEmpty().SetEmptyMap()
	inner.PutStr("", "empty key")
	inner.PutEmptySlice("array").AppendEmpty().SetEmptyMap().PutInt("n", -1)
	inner.PutStr("long", string(bytes.Repeat([]byte("x"), 300)))
	return m
}

func TestAnyValueRoundTrip(t *testing.T) {
	for name, v := range anyValues().All() {
		enc := AppendAnyValue([]byte("kept"), v)
		if len(enc) != len("kept")+AnyValueSize(v) {
			t.Errorf("%s: AnyValueSize is %d, the encoding has %d bytes", name, AnyValueSize(v), len(enc)-4)
		}
		back := pcommon.NewValueEmpty()
		if err := DecodeAnyValue(enc[4:], back); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if again := AppendAnyValue(nil, back); !bytes.Equal(again, enc[4:]) {
			t.Errorf("%s: %x became %x", name, enc[4:], again)
		}
	}
}

// TestDecodeAnyValueOfRequests reads the values inside requests that pdata
// encoded; it writes fields in another order than AppendAnyValue.
func TestDecodeAnyValueOfRequests(t *testing.T) {
	for name, v := range anyValues().All() {
		td := ptrace.NewTraces()
		v.CopyTo(td.ResourceSpans().AppendEmpty().Resource().Attributes().PutEmpty("k"))
		enc, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
		if err != nil {
			t.Fatal(err)
		}
		for _, field := range []uint64{1, 1, 1, 2} { // resource spans, resource, attribute, value
			enc = findField(t, enc, field)
		}
		back := pcommon.NewValueEmpty()
		if err := DecodeAnyValue(enc, back); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !bytes.Equal(AppendAnyValue(nil, back), AppendAnyValue(nil, v)) {
			t.Errorf("%s: got %v, want %v", name, back.AsRaw(), v.AsRaw())
		}
	}
}

func findField(t *testing.T, b []byte, field uint64) []byte {
	for len(b) > 0 {
		tag, _, data, rest, err := nextField(b)
		if err != nil {
			t.Fatal(err)
		}
		if tag>>3 == field {
			return data
		}
		b = rest
	}
	t.Fatalf("no field %d", field)
	return nil
}

func TestDecodeAnyValueRefusesDamage(t *testing.T) {
	deep := []byte{}
	for range MaxAnyDepth + 2 {
		item := append([]byte{tagItem, byte(len(deep))}, deep...)
		if len(deep) > 100 {
			item = append([]byte{tagItem, byte(len(deep)&127 | 128), byte(len(deep) >> 7)}, deep...)
		}
		n := len(item)
		deep = append([]byte{tagArray, byte(n&127 | 128), byte(n >> 7)}, item...)
	}
	for name, b := range map[string][]byte{
		"cut tag":      {0x80},
		"cut varint":   {tagInt, 0x80},
		"cut double":   {tagDouble, 1, 2},
		"long string":  {tagString, 5, 'a'},
		"huge length":  {tagString, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1},
		"group":        {1<<3 | 3},
		"damaged item": {tagArray, 2, tagItem, 9},
		"too deep":     deep,
	} {
		if err := DecodeAnyValue(b, pcommon.NewValueEmpty()); err == nil {
			t.Errorf("%s: %x was decoded", name, b)
		}
		if out, changed := RepairAnyValue(b); changed || !bytes.Equal(out, b) {
			t.Errorf("%s: damage is not to be repaired", name)
		}
	}
	v := pcommon.NewValueEmpty()
	if err := DecodeAnyValue([]byte{tagInt, 7, 15<<3 | 2, 1, 'x', tagString, 1, 'a', 9<<3 | 5, 1, 2, 3, 4}, v); err != nil || v.Str() != "a" {
		t.Errorf("unknown fields are skipped and the last value wins: got %v, %v", v.AsString(), err)
	}
}

func TestRepairAnyValue(t *testing.T) {
	build := func(text string) []byte {
		v := pcommon.NewValueEmpty()
		m := v.SetEmptyMap()
		m.PutStr("a"+text, text)
		m.PutEmptySlice("array").AppendEmpty().SetEmptyMap().PutStr("k", text)
		m.PutEmptyBytes("bytes").FromRaw([]byte("\xff"))
		m.PutDouble("d", 1)
		return AppendAnyValue(nil, v)
	}
	got, changed := RepairAnyValue(build("x\xffy"))
	if want := build("x\uFFFDy"); !changed || !bytes.Equal(got, want) {
		t.Errorf("got %x, %v, want %x", got, changed, want)
	}
	good := build("fine")
	if got, changed := RepairAnyValue(good); changed || &got[0] != &good[0] {
		t.Errorf("a valid encoding must be returned as it is")
	}
}

func FuzzDecodeAnyValue(f *testing.F) {
	for _, v := range anyValues().All() {
		f.Add(AppendAnyValue(nil, v))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		repaired, changed := RepairAnyValue(b)
		v := pcommon.NewValueEmpty()
		err := DecodeAnyValue(b, v)
		if err != nil {
			if changed {
				t.Fatalf("RepairAnyValue accepted what DecodeAnyValue refuses: %v", err)
			}
			return
		}
		if !changed && !utf8.Valid(b) {
			return // bytes values need not be text
		}
		if err := DecodeAnyValue(repaired, pcommon.NewValueEmpty()); err != nil {
			t.Fatalf("what was repaired cannot be decoded: %v", err)
		}
		enc := AppendAnyValue(nil, v)
		if len(enc) != AnyValueSize(v) {
			t.Fatalf("AnyValueSize is %d, the encoding has %d bytes", AnyValueSize(v), len(enc))
		}
		back := pcommon.NewValueEmpty()
		if err := DecodeAnyValue(enc, back); err != nil {
			t.Fatalf("own encoding: %v", err)
		}
		if !bytes.Equal(AppendAnyValue(nil, back), enc) {
			t.Fatalf("a second round trip differs: %x", enc)
		}
		_ = fmt.Sprint(ValueOf(v).Text())
	})
}
