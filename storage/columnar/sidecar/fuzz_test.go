package sidecar

import (
	"bytes"
	"math"
	"reflect"
	"testing"

	"github.com/heddle-io/heddle/storage"
)

// What has checksums is fuzzed as a file; what is behind them as it is, since
// no fuzzer guesses a checksum.

func FuzzOpen(f *testing.F) {
	f.Add(encode(f, sample()))
	f.Add(encode(f, &Contents{}))
	f.Fuzz(func(t *testing.T, b []byte) {
		x, err := Open(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		_ = x.Verify()
		_, _ = everything(x)
		_, _ = x.Lookup(1 << 63)
		_, _ = x.MayContain(0, 1<<63)
	})
}

func FuzzTraceBlock(f *testing.F) {
	f.Add(appendTraceBlock(nil, []Trace{{5, Run{1, 2, 3}}, {5, Run{2, 2, 3}}, {1 << 60, Run{1, 7, 9}}}), 3, uint64(5))
	f.Add([]byte{0, 64, 32, 32, 32, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}, 1, uint64(1))
	f.Fuzz(func(t *testing.T, raw []byte, n int, first uint64) {
		b, ok := openTraceBlock(raw, n, first)
		if !ok {
			return
		}
		all := b.all(nil)
		if b.damaged {
			return
		}
		for i, trace := range all {
			if i > 0 && trace.Fingerprint < all[i-1].Fingerprint {
				t.Fatal("not in order")
			}
			found := false
			for _, run := range b.find(nil, trace.Fingerprint) {
				found = found || run == trace.Run
			}
			if !found {
				t.Fatalf("%+v is not found", trace)
			}
		}
	})
}

func FuzzHeads(f *testing.F) {
	b := encode(f, sample())
	x := open(f, b)
	for id, s := range x.sections {
		f.Add(byte(id), b[s.offset:s.offset+s.head-crcSize], s.length-s.head)
	}
	f.Fuzz(func(t *testing.T, id byte, b []byte, body int64) {
		switch sectionID(id) {
		case sectionZones:
			if zones, ok := decodeZones(b); ok && !bytes.Equal(encodeZones(zones), b) {
				t.Error("zones change")
			}
		case sectionKeys:
			if keys, _, ok := decodeKeys(b); ok {
				if again, err := encodeKeys(keys); err == nil && len(again) > len(b) {
					t.Error("keys grow")
				}
			}
		case sectionTraces:
			if ti, ok := decodeTraceIndex(b, body); ok {
				for _, fingerprint := range append(ti.first, 0, math.MaxUint64) {
					if at := ti.find(fingerprint); at < -1 || at >= len(ti.offsets)-1 {
						t.Error(at)
					}
				}
			}
		case sectionFilters:
			decodeFilterIndex(b, body)
		case sectionRED:
			if r, _, ok := decodeRED(b, body); ok {
				r.position(0)
				r.Minutes()
			}
		case sectionEdges:
			if e, _, ok := decodeEdges(b); ok {
				e.Between(-1, 1)
				if again, err := encodeEdges(e); err == nil && len(again) > len(b) {
					t.Error("edges grow")
				}
			}
		case sectionExtra:
			decodeExtras(b, body)
			if r, ok := decodeCoarse(b); ok {
				_, _ = r.all()
			}
		}
	})
}

func FuzzMinute(f *testing.F) {
	c := sample()
	red, _, err := encodeRED(&c.RED)
	if err != nil {
		f.Fatal(err)
	}
	r, _, _ := decodeRED(red.head, int64(len(red.body)))
	for _, m := range r.minutes {
		f.Add(red.body[m.offset:m.offset+int64(m.size)-crcSize], m.cells, len(r.Series))
	}
	f.Fuzz(func(t *testing.T, b []byte, cells, series int) {
		if cells < 0 || cells > len(b) {
			return // decodeRED lets no such number through
		}
		var m REDMinute
		if _, ok := m.decodeCells(b, cells, series); !ok {
			return
		}
		var all storage.ExpHistogram
		for i := range m.Series {
			_ = m.MergeHistogram(i, &all)
		}
		if len(all.Counts) > maxBuckets {
			t.Error(len(all.Counts))
		}
	})
}

func FuzzHistogram(f *testing.F) {
	for _, h := range []storage.ExpHistogram{{}, {Zero: 7}, {Scale: -4, Offset: -60, Counts: []uint64{1 << 40, 0, 0, 1<<57 - 1, 1}}} {
		b, _ := appendHistogram(nil, &h)
		f.Add(b, len(b))
	}
	f.Fuzz(func(t *testing.T, b []byte, size int) {
		if size < 0 || size > len(b) {
			return
		}
		var h, again storage.ExpHistogram
		values, ok := decodeHistogram(b, size, &h)
		if !ok {
			return
		}
		if values != h.Count() {
			t.Errorf("%d values of %+v", values, h)
		}
		out, ok := appendHistogram(nil, &h)
		if _, okAgain := decodeHistogram(out, len(out), &again); !ok || !okAgain || !reflect.DeepEqual(h, again) {
			t.Errorf("%+v became %+v", h, again)
		}
		merged := storage.ExpHistogram{Scale: 8, Counts: []uint64{1}}
		merged.Merge(&h)
		if merged.Count() != h.Count()+1 {
			t.Error("counts are lost")
		}
	})
}
