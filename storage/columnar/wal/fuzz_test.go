package wal

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/heddle-io/heddle/storage/vfs"
)

// FuzzOpen opens a log of two segments with anything in them. Open must not
// fail, what is delivered must be in order, and a second look must see it all
// again. It may see more: when a segment without any frame is put aside, what
// seemed void behind the LSN in its name is not any more.
func FuzzOpen(f *testing.F) {
	one, two := testSegmentOf(1, 3, 20), testSegmentOf(4, 2, 20)
	f.Add(one, two)
	f.Add(one[:len(one)-7], two)
	f.Add(two, one)
	f.Add(one, []byte{})
	f.Add(append(slices.Clone(one[:len(one)/2]), two...), two[:headerBytes])
	f.Fuzz(func(t *testing.T, one, two []byte) {
		mem := files{segmentName(1): one, segmentName(4): two}.on(t)
		var before []string
		for range 2 {
			l, rec, ok := openQuietly(t, mem)
			if !ok {
				return
			}
			var got []string
			last := uint64(0)
			must(t, l.Replay(0, nil, func(r Record) error {
				if r.LSN <= last {
					t.Fatalf("LSN %d after %d", r.LSN, last)
				}
				last = r.LSN
				got = append(got, fmt.Sprintf("%d %d %d %q %x", r.LSN, r.Signal, r.Codec, r.Tenant, r.Payload))
				return nil
			}))
			if rec.Frames != uint64(len(got)) || last >= l.Stats().LastLSN+1 {
				t.Fatalf("%d frames were found, %d delivered; last is %d, the log is at %d", rec.Frames, len(got), last, l.Stats().LastLSN)
			}
			for _, record := range before {
				if !slices.Contains(got, record) {
					t.Fatalf("the second time:\n%q\nthe first time:\n%q", got, before)
				}
			}
			before = got
		}
	})
}

// openQuietly opens a log without its goroutine: what is covered must not
// depend on the scheduler. It is not ok when a newer version wrote the log.
func openQuietly(t *testing.T, fsys vfs.FS) (l *Log, rec Recovery, ok bool) {
	c, rec, err := recoverLog(fsys, "data/wal", Options{})
	if errors.Is(err, errNewerVersion) {
		return nil, rec, false
	}
	must(t, err)
	return c.Log, rec, true
}

// FuzzDamage overwrites a part of a good log. Every frame that it does not
// touch must be delivered, and nothing that was not written.
func FuzzDamage(f *testing.F) {
	f.Add(uint8(0), uint16(50), []byte("damage"))
	f.Add(uint8(1), uint16(0), []byte{0})
	f.Add(uint8(2), uint16(at(2)), bytes.Repeat([]byte{0xff}, 40))
	f.Fuzz(func(t *testing.T, segment uint8, offset uint16, damage []byte) {
		if bytes.Contains(damage, testMarker[:]) {
			return // then it may hold whole frames; outside of here nobody knows the marker
		}
		log := threeSegments()
		first := uint64(segment%3)*3 + 1
		data := log[segmentName(first)]
		good := slices.Clone(data)
		copy(data[min(int(offset), len(data)):], damage)
		var want []string
		for lsn := uint64(1); lsn <= 9; lsn++ {
			from, to := at(int(lsn-first)), at(int(lsn-first)+1)
			if lsn < first || lsn > first+2 || bytes.Equal(good[from:to], data[from:to]) {
				want = append(want, fmt.Sprintf("%d=record %[1]d ", lsn))
			}
		}
		l, rec, ok := openQuietly(t, log.on(t))
		if !ok {
			return
		}
		if got := replay(t, l, 1); !slices.Equal(got, want) {
			t.Fatalf("got %q, want %q; %+v", got, want, rec)
		}
	})
}

// FuzzFrame reads back what was written, whatever it is.
func FuzzFrame(f *testing.F) {
	f.Add(uint8(1), uint8(2), "default", []byte("payload"), []byte("more"))
	f.Add(uint8(0), uint8(0), "", []byte{}, testMarker[:])
	f.Fuzz(func(t *testing.T, signal, codec uint8, tenant string, one, two []byte) {
		if len(tenant) > MaxTenantBytes {
			return
		}
		const lsn = 7
		b := header{marker: testMarker, first: lsn, follows: 3}.encode()
		b = appendFrame(b, lsn, signal, codec, tenant, [][]byte{one, two})
		finishFrames(b[headerBytes:], testMarker, 3)
		l, rec, ok := openQuietly(t, files{segmentName(lsn): b}.on(t))
		if !ok || !rec.Clean() {
			t.Fatalf("%+v", rec)
		}
		count := 0
		must(t, l.Replay(lsn, nil, func(r Record) error {
			count++
			if r.LSN != lsn || r.Signal != signal || r.Codec != codec || r.Tenant != tenant || string(r.Payload) != string(one)+string(two) {
				t.Fatalf("%+v came back", r)
			}
			return nil
		}))
		if count != 1 {
			t.Fatalf("%d records came back", count)
		}
	})
}
