package sidecar

import (
	"math/rand/v2"
	"testing"
)

func TestFilters(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	c := &Contents{}
	var hashes [][]uint64
	for group, n := range []int{1, 20_000, 0, 5, 60_000} {
		list := make([]uint64, n)
		for i := range list {
			list[i] = r.Uint64()
		}
		hashes = append(hashes, list)
		c.Zones = append(c.Zones, Zone{Rows: uint32(n)})
		c.Filters = append(c.Filters, NewFilter(list, 0, 0))
		if group == 3 {
			c.Filters[group] = nil
		}
	}
	x, reads := counting(t, encode(t, c))
	must[bool](t)(x.MayContain(0, 0))
	for group, list := range hashes {
		f := must[*Filter](t)(x.LoadFilter(group))
		if (f == nil) != (group == 3) {
			t.Fatalf("group %d: filter %v", group, f)
		}
		ask := func(hash uint64) bool {
			reads.reads, reads.bytes = 0, 0
			got := must[bool](t)(x.MayContain(group, hash))
			if reads.reads > 1 || reads.bytes > 2052 {
				t.Fatalf("%d reads of %d bytes", reads.reads, reads.bytes)
			}
			if f != nil && f.MayContain(hash) != got {
				t.Fatalf("group %d: the loaded filter disagrees", group)
			}
			return got
		}
		for _, h := range list {
			if !ask(h) {
				t.Fatalf("group %d does not contain %x", group, h)
			}
		}
		wrong := 0
		for range 20_000 {
			if ask(r.Uint64()) {
				wrong++
			}
		}
		if f == nil && wrong != 20_000 || f != nil && wrong > 20_000/60 {
			t.Errorf("group %d contains %d of 20,000 that are not there", group, wrong)
		}
	}
	for _, group := range []int{-1, 5} {
		if _, err := x.MayContain(group, 1); err == nil {
			t.Errorf("group %d has a filter", group)
		}
	}
}

// TestFilterLayout follows the text of the Parquet format: the block by the
// upper half of the hash, one bit per word by the lower half.
func TestFilterLayout(t *testing.T) {
	const hash = 0x8000_0001_1234_5678
	f := NewFilter([]uint64{hash}, 1000, 0)
	if len(f.blocks) != 4 || blockOf(hash, 4) != 2 {
		t.Fatal(len(f.blocks), blockOf(hash, 4))
	}
	for i, b := range f.blocks {
		for word, bits := range b {
			want := uint32(0)
			if i == 2 {
				low := uint32(0x1234_5678)
				want = 1 << ((low * filterSalts[word]) >> 27)
			}
			if bits != want {
				t.Errorf("block %d word %d: %x, want %x", i, word, bits, want)
			}
		}
	}
}

func TestFilterSize(t *testing.T) {
	hashes := make([]uint64, 10_000)
	for _, test := range []struct{ bits, max, want int }{
		{0, 0, 12_512}, {8, 0, 10_016}, {16, 0, 20_000}, {10, 4096, 4096}, {10, 1, 32},
	} {
		if got := NewFilter(hashes, test.bits, test.max).Bytes(); got != test.want {
			t.Errorf("%d bits, at most %d bytes: %d, want %d", test.bits, test.max, got, test.want)
		}
	}
	var none Filter
	if none.MayContain(0) {
		t.Error("the empty filter contains something")
	}
}
