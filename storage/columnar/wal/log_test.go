package wal

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/heddle-io/heddle/storage/vfs"
)

func TestRecordsComeBackAsTheyWere(t *testing.T) {
	want := []Record{
		{LSN: 1, Signal: 1, Codec: 2, Tenant: "default", Payload: []byte("spans")},
		{LSN: 2, Signal: 255, Codec: 255, Tenant: strings.Repeat("t", MaxTenantBytes), Payload: []byte("in two pieces")},
		{LSN: 3, Tenant: "", Payload: []byte{}},
		{LSN: 4, Tenant: "default", Payload: make([]byte, 9<<20)}, // larger than a read and a segment
		{LSN: 5, Tenant: "ü", Payload: []byte("last")},
	}
	for _, durability := range []Durability{Sync, Interval, None} {
		t.Run(durability.String(), func(t *testing.T) {
			mem := vfs.NewMem()
			opts := Options{Durability: durability, SegmentBytes: minSegmentBytes}
			l := openClean(t, mem, opts)
			for _, r := range want {
				half := len(r.Payload) / 2
				lsn, err := l.Enqueue(r.Signal, r.Codec, r.Tenant, r.Payload[:half], r.Payload[half:])
				must(t, err)
				if lsn != r.LSN {
					t.Errorf("LSN %d, want %d", lsn, r.LSN)
				}
				must(t, l.Wait(context.Background(), lsn))
			}
			check := func() {
				t.Helper()
				var got []Record
				var progress []int64
				must(t, l.Replay(1, func(done, total int64) { progress = append(progress, done, total) }, func(r Record) error {
					r.Payload = append([]byte{}, r.Payload...)
					got = append(got, r)
					return nil
				}))
				if !reflect.DeepEqual(got, want) {
					t.Error("other records came back")
				}
				if n := len(progress); n < 4 || progress[n-1] != progress[n-2] || progress[n-1] != progress[1] || !slices.IsSorted([]int64{progress[0], progress[2]}) {
					t.Errorf("progress was %v", progress)
				}
			}
			check() // while it is being written
			must(t, l.Close())
			var rec Recovery
			l, rec = open(t, mem, opts)
			if !rec.Clean() || rec.Frames != 5 || rec.FirstLSN != 1 || rec.LastLSN != 5 || rec.TornBytes != 0 || rec.Bytes < 9<<20 {
				t.Errorf("recovery %+v", rec)
			}
			check()
			must(t, l.Close())
		})
	}
}

func TestReplayFromAndEnd(t *testing.T) {
	l := openClean(t, vfs.NewMem(), Options{SegmentBytes: minSegmentBytes})
	for i := range 20 {
		add(t, l, payloadOf(i+1, 1000))
	}
	if got := replay(t, l, 18); !slices.Equal(got, []string{"18=record 18 ", "19=record 19 ", "20=record 20 "}) {
		t.Error(got)
	}
	if got := replay(t, l, 21); got != nil {
		t.Error(got)
	}
	broken, calls := errors.New("broken"), 0
	err := l.Replay(1, nil, func(Record) error { calls++; return broken })
	if err != broken || calls != 1 {
		t.Error(err, calls)
	}
	must(t, l.Close())
}

func TestLSNsGoOn(t *testing.T) {
	mem := vfs.NewMem()
	l := openClean(t, mem, Options{})
	add(t, l, "a")
	add(t, l, "b")
	must(t, l.Close())

	l = openClean(t, mem, Options{NextLSN: 2}) // below what the log knows
	if lsn := add(t, l, "c"); lsn != 3 {
		t.Errorf("LSN %d after 2", lsn)
	}
	must(t, l.Rotate())
	l.Release(3)
	if s := l.Stats(); s.Segments != 1 || s.Bytes != headerBytes {
		t.Errorf("after everything was released: %+v", s)
	}
	must(t, l.Close())

	l = openClean(t, mem, Options{}) // only the name of an empty segment knows
	if lsn := add(t, l, "d"); lsn != 4 {
		t.Errorf("LSN %d after 3", lsn)
	}
	must(t, l.Close())

	l = openClean(t, mem, Options{NextLSN: 100})
	if lsn := add(t, l, "e"); lsn != 100 {
		t.Errorf("LSN %d, want 100", lsn)
	}
	must(t, l.Close())
	l = openClean(t, mem, Options{})
	if got := replay(t, l, 1); !slices.Equal(got, []string{"4=d", "100=e"}) {
		t.Error(got)
	}
	must(t, l.Close())
}

func TestReleaseRemovesWholeSegments(t *testing.T) {
	mem := vfs.NewMem()
	l := openClean(t, mem, Options{SegmentBytes: minSegmentBytes})
	for i := range 30 {
		add(t, l, payloadOf(i+1, 1000)) // 3 a segment
	}
	if s := l.Stats(); s.Segments != 10 || s.Frames != 30 || s.LastLSN != 30 || s.DurableLSN != 30 || s.Groups != 30 || s.Syncs != 30 {
		t.Errorf("stats %+v", s)
	}
	l.Release(10)
	if got := replay(t, l, 1); got[0] != "10=record 10 " || l.Stats().Segments != 7 {
		t.Errorf("after release of 10: %v, %+v", got, l.Stats())
	}
	l.Release(5) // going back means nothing
	if s := l.Stats(); s.ReleasedLSN != 10 {
		t.Errorf("stats %+v", s)
	}
	l.Release(29)
	if s := l.Stats(); s.Segments != 1 {
		t.Errorf("stats %+v", s)
	}
	l.Release(1000) // the last one is ended, too
	if s := l.Stats(); s.Segments != 1 || s.Bytes != headerBytes || s.ReleasedLSN != 30 {
		t.Errorf("stats %+v", s)
	}
	add(t, l, "small")
	l.Release(31)
	if s := l.Stats(); s.Segments != 1 || s.Bytes == headerBytes {
		t.Errorf("a small segment was ended: %+v", s)
	}
	must(t, l.Close())
	l.Release(31)
}

func TestReleaseDuringReplay(t *testing.T) {
	l := openClean(t, vfs.NewMem(), Options{SegmentBytes: minSegmentBytes})
	for i := range 30 {
		add(t, l, payloadOf(i+1, 1000))
	}
	var got []uint64
	must(t, l.Replay(1, nil, func(r Record) error {
		got = append(got, r.LSN)
		if r.LSN == 2 {
			l.Release(12)
		}
		return nil
	}))
	if want := []uint64{1, 2, 3, 13}; !slices.Equal(got[:4], want) || got[len(got)-1] != 30 {
		t.Errorf("delivered %v", got)
	}
	must(t, l.Close())
}

func TestRefusals(t *testing.T) {
	ctx := context.Background()
	l := openClean(t, vfs.NewMem(), Options{})
	for _, lsn := range []uint64{0, 1} {
		if l.Wait(ctx, lsn) == nil {
			t.Errorf("nil for LSN %d, which was never assigned", lsn)
		}
	}
	_, tenantErr := l.Enqueue(1, 1, strings.Repeat("x", MaxTenantBytes+1))
	_, payloadErr := l.Enqueue(1, 1, "", make([]byte, MaxPayloadBytes), []byte{1})
	for _, err := range []error{tenantErr, payloadErr} {
		if !errors.Is(err, ErrTooLarge) {
			t.Error(err)
		}
	}
	lsn := add(t, l, "x")
	must(t, l.Close())
	must(t, l.Close())
	must(t, l.Wait(ctx, lsn))
	if _, err := l.Enqueue(1, 1, ""); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if err := l.Rotate(); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	for _, opts := range []Options{{Durability: 3}, {Interval: 1}, {SegmentBytes: 10}, {MaxPendingBytes: -1}} {
		if _, _, err := Open(vfs.NewMem(), "wal", opts); err == nil {
			t.Errorf("%+v was taken", opts)
		}
	}
}

// slowSync is a file system whose syncs of segments wait until they are let go.
func slowSync(fsys vfs.FS) (slow vfs.FS, began, letGo chan struct{}) {
	began, letGo = make(chan struct{}), make(chan struct{})
	return vfs.Inject(fsys, func(op vfs.Op) error {
		if op.Kind == vfs.OpSync && filepath.Ext(op.Path) == segmentSuffix {
			began <- struct{}{}
			<-letGo
		}
		return nil
	}), began, letGo
}

func TestWhileOneGroupIsSyncedTheNextIsGathered(t *testing.T) {
	slow, began, letGo := slowSync(vfs.NewMem())
	l := openClean(t, slow, Options{})
	enqueue := func() uint64 {
		lsn, err := l.Enqueue(1, 1, "", []byte("x"))
		must(t, err)
		return lsn
	}
	first := enqueue()
	<-began
	var last uint64
	for range 100 {
		last = enqueue()
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := l.Wait(ctx, first); err != context.Canceled {
		t.Errorf("a frame that is being synced: %v", err)
	}
	letGo <- struct{}{}
	must(t, l.Wait(context.Background(), first))
	<-began
	if s := l.Stats(); s.Groups != 1 || s.DurableLSN != 1 || s.PendingBytes == 0 {
		t.Errorf("stats %+v", s)
	}
	letGo <- struct{}{}
	must(t, l.Wait(context.Background(), last))
	if s := l.Stats(); s.Groups != 2 || s.Frames != 101 || s.DurableLSN != 101 || s.PendingBytes != 0 {
		t.Errorf("stats %+v", s)
	}
	must(t, l.Close())
}

func TestEnqueueBlocksWhenTooMuchIsPending(t *testing.T) {
	slow, began, letGo := slowSync(vfs.NewMem())
	l := openClean(t, slow, Options{MaxPendingBytes: 100})
	_, err := l.Enqueue(1, 1, "", make([]byte, 1000)) // larger than the bound: goes alone
	must(t, err)
	<-began
	entered, result := make(chan struct{}), make(chan error, 1)
	go func() {
		close(entered)
		_, err := l.Enqueue(1, 1, "", []byte("x"))
		result <- err
	}()
	<-entered
	for range 1000 {
		if s := l.Stats(); s.LastLSN != 1 {
			t.Fatal("a frame was taken over the bound")
		}
	}
	letGo <- struct{}{}
	must(t, <-result)
	<-began
	go func() {
		_, err := l.Enqueue(1, 1, "", make([]byte, 1000))
		result <- err
	}()
	closed := make(chan error)
	go func() { closed <- l.Close() }()
	if err := <-result; !errors.Is(err, ErrClosed) {
		t.Errorf("Close while Enqueue waits: %v", err)
	}
	letGo <- struct{}{}
	must(t, <-closed)
}

func TestManyAtOnce(t *testing.T) {
	const writers, each = 16, 100
	mem := vfs.NewMem()
	l := openClean(t, mem, Options{SegmentBytes: 64 << 10, MaxPendingBytes: 8 << 10})
	var order sync.Mutex
	var want []string
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			for i := range each {
				payload := payloadOf(w*each+i, 300)
				order.Lock()
				lsn, err := l.Enqueue(1, 1, fmt.Sprint("tenant ", w), []byte(payload))
				want = append(want, fmt.Sprintf("%d=%s", lsn, strings.TrimRight(payload, "x")))
				order.Unlock()
				if err == nil {
					err = l.Wait(context.Background(), lsn)
				}
				if err != nil {
					t.Error(err)
					return
				}
				if i%25 == 0 {
					if err := l.Rotate(); err != nil {
						t.Error(err)
					}
					_ = l.Stats()
					if err := l.Replay(lsn, nil, func(Record) error { return nil }); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	group.Wait()
	must(t, l.Close())
	l = openClean(t, mem, Options{})
	if got := replay(t, l, 1); !slices.Equal(got, want) {
		t.Error("other records came back than were enqueued, or in another order")
	}
	group.Go(func() { l.Release(writers * each) })
	group.Wait()
	must(t, l.Close())
}

func TestOnTheRealDisk(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "wal")
	for round := range 3 {
		l, rec, err := Open(vfs.OS, dir, Options{SegmentBytes: 1 << 20})
		must(t, err)
		if !rec.Clean() || rec.Frames != uint64(round*40) || rec.TornBytes != 0 {
			t.Fatalf("round %d: %+v", round, rec)
		}
		for i := range 40 {
			add(t, l, payloadOf(round*40+i+1, 100_000))
		}
		list := replay(t, l, 1)
		if len(list) != (round+1)*40 || list[len(list)-1] != fmt.Sprintf("%d=record %[1]d ", (round+1)*40) {
			t.Fatalf("round %d: %v", round, list)
		}
		must(t, l.Close())
	}
}
