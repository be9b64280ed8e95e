package storage

import (
	"math"
	"slices"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

func TestKeyValueList(t *testing.T) {
	list := pcommon.NewValueSlice()
	list.Slice().AppendEmpty().SetStr("a")
	list.Slice().AppendEmpty().SetInt(-1)
	object := pcommon.NewValueMap()
	object.Map().PutBool("yes", true)
	type pair struct {
		key string
		v   Value
	}
	want := []pair{
		{"text", String("käse")}, {"", String("")}, {"int", Int(-5)}, {"max", Int(math.MaxInt64)}, {"pi", Float(3.14)}, {"nan", Float(math.NaN())},
		{"true", Bool(true)}, {"false", Bool(false)}, {"bytes", Bytes([]byte{0, 255})}, {"nothing", Empty()},
		{"list", ValueOf(list)}, {"object", ValueOf(object)}, {"text", Int(7)},
	}
	var b []byte
	for _, p := range want {
		b = AppendKeyValue(b, p.key, p.v)
	}
	var got []pair
	if err := EachKeyValue(string(b), func(key string, v Value) { got = append(got, pair{key, v}) }); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	for n := range len(b) {
		if err := EachKeyValue(string(b[:n]), func(string, Value) {}); err == nil && n > 0 {
			// A cut between two pairs leaves a valid list.
			if _, _, _, rest, _ := nextField(b[:n]); len(rest) == n {
				t.Errorf("%d of %d bytes are taken", n, len(b))
			}
		}
	}
}

func FuzzEachKeyValue(f *testing.F) {
	f.Add(string(AppendKeyValue(AppendKeyValue(nil, "k", String("v")), "n", Int(1))))
	f.Fuzz(func(t *testing.T, b string) {
		var again []byte
		n := 0
		if EachKeyValue(b, func(key string, v Value) { n++; again = AppendKeyValue(again, key, v) }) != nil {
			return
		}
		m := 0
		if err := EachKeyValue(string(again), func(string, Value) { m++ }); err != nil || m != n {
			t.Fatalf("%d attributes, then %d: %v", n, m, err)
		}
	})
}
