package columnar

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestCodesOf looks entries up that are parts, beginnings and ends of others, or
// reach over two of them.
func TestCodesOf(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 6))
		text := func() string {
			b := make([]byte, r.IntN(4))
			for i := range b {
				b[i] = "ab"[r.IntN(2)]
			}
			return string(b)
		}
		d := dict{repeated: r.IntN(2) == 0}
		var entries []string
		for range r.IntN(30) {
			s := text()
			if !d.repeated && slices.Contains(entries, s) {
				continue
			}
			entries = append(entries, s)
			d.text = append(d.text, s...)
			d.ends = append(d.ends, uint32(len(d.text)))
		}
		for range 20 {
			s := text()
			var want []uint32
			for i, e := range entries {
				if e == s {
					want = append(want, uint32(i))
				}
			}
			if got := d.codesOf(s); !slices.Equal(got, want) {
				t.Fatalf("seed %d: %q in %q: got %v, want %v", seed, s, entries, got, want)
			}
		}
	}
}
