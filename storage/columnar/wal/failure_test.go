package wal

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/heddle-io/heddle/storage/vfs"
)

// onSegments makes a hook for segments only, without the file that one is made of.
func onSegments(hook func(vfs.Op) error) func(vfs.Op) error {
	return func(op vfs.Op) error {
		if filepath.Ext(op.Path) == segmentSuffix {
			return hook(op)
		}
		return nil
	}
}

// errorsOf collects what OnError is told.
type errorsOf struct {
	mu   sync.Mutex
	list []error
}

func (e *errorsOf) on(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.list = append(e.list, err)
}

func (e *errorsOf) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.list)
}

func TestFailureIsToldAndTheLogGoesOn(t *testing.T) {
	cases := map[string]func(vfs.Op) error{
		"sync":          vfs.FailNth(2, syscall.EIO, vfs.OpSync),
		"write":         vfs.FailNth(2, syscall.EIO, vfs.OpWrite),
		"short write":   vfs.FailNth(2, &vfs.ShortWriteError{Bytes: 40, Err: syscall.EIO}, vfs.OpWrite),
		"almost all":    vfs.FailNth(2, &vfs.ShortWriteError{Bytes: 1026, Err: syscall.EIO}, vfs.OpWrite),
		"sync and more": failFrom(2, 3, syscall.EIO), // the truncation, too
	}
	for name, hook := range cases {
		t.Run(name, func(t *testing.T) {
			mem, told := vfs.NewMem(), &errorsOf{}
			l := openClean(t, vfs.Inject(mem, onSegments(hook)), Options{OnError: told.on})
			add(t, l, payloadOf(1, 1000))
			lsn, err := l.Enqueue(1, 1, "", []byte(payloadOf(2, 1000)))
			must(t, err)
			for range 2 { // also for who asks later
				if err := l.Wait(context.Background(), lsn); !errors.Is(err, ErrFailed) || !errors.Is(err, syscall.EIO) {
					t.Errorf("Wait says %v", err)
				}
			}
			if !eventually(func() bool { return !l.Stats().Failing }) {
				t.Fatal("the log does not recover")
			}
			must(t, l.Wait(context.Background(), 1))
			if lsn := add(t, l, payloadOf(3, 1000)); lsn != 3 {
				t.Errorf("LSN %d, want 3", lsn)
			}
			want := []string{"1=record 1 ", "3=record 3 "}
			if got := replay(t, l, 1); !slices.Equal(got, want) {
				t.Errorf("before the restart: %v", got)
			}
			if s := l.Stats(); told.count() != 1 || s.Failures != 1 || s.Frames != 2 || s.DurableLSN != 3 || s.Segments != 2 {
				t.Errorf("told %v, %+v", told.list, s)
			}
			must(t, l.Close())
			l = openClean(t, mem, Options{})
			if got := replay(t, l, 1); !slices.Equal(got, want) {
				t.Errorf("after the restart: %v", got)
			}
			must(t, l.Close())
		})
	}
}

// failFrom fails the nth sync and as many operations in all.
func failFrom(nth, operations int32, err error) func(vfs.Op) error {
	var syncs, failed atomic.Int32
	return func(op vfs.Op) error {
		if op.Kind == vfs.OpSync {
			syncs.Add(1)
		}
		if syncs.Load() >= nth && failed.Add(1) <= operations {
			return err
		}
		return nil
	}
}

func TestWhatIsBehindAFailureIsGivenUp(t *testing.T) {
	began, result := make(chan struct{}), make(chan error)
	var syncs atomic.Int32
	l := openClean(t, vfs.Inject(vfs.NewMem(), onSegments(func(op vfs.Op) error {
		if op.Kind == vfs.OpSync && syncs.Add(1) == 1 {
			close(began)
			return <-result
		}
		return nil
	})), Options{MaxPendingBytes: 200})
	first, err := l.Enqueue(1, 1, "", []byte("a"))
	must(t, err)
	<-began
	second, err := l.Enqueue(1, 1, "", []byte("b"))
	must(t, err)
	blocked, waiting := make(chan error), make(chan error)
	go func() { waiting <- l.Wait(context.Background(), second) }()
	go func() {
		_, err := l.Enqueue(1, 1, "", make([]byte, 200))
		blocked <- err
	}()
	if !eventually(func() bool { l.mu.Lock(); defer l.mu.Unlock(); return len(l.waiters) == 1 }) {
		t.Fatal("nobody waits")
	}
	result <- syscall.EIO
	for _, err := range []error{l.Wait(context.Background(), first), <-waiting} {
		if !errors.Is(err, ErrFailed) {
			t.Error(err)
		}
	}
	// It was blocked during the failure, or came after it.
	if err := <-blocked; err != nil && !errors.Is(err, ErrFailed) {
		t.Error(err)
	}
	must(t, l.Close())
}

// brokenSwitch fails all changes while it is on.
type brokenSwitch struct{ on atomic.Bool }

func (b *brokenSwitch) hook(op vfs.Op) error {
	switch op.Kind {
	case vfs.OpRead, vfs.OpOpen, vfs.OpReadDir, vfs.OpStat:
		return nil
	}
	if b.on.Load() {
		return syscall.EROFS
	}
	return nil
}

func TestWhileTheDiskIsBroken(t *testing.T) {
	mem, broken := vfs.NewMem(), &brokenSwitch{}
	l := openClean(t, vfs.Inject(mem, broken.hook), Options{})
	add(t, l, "a")
	broken.on.Store(true)
	lsn, err := l.Enqueue(1, 1, "", []byte("b"))
	must(t, err)
	if err := l.Wait(context.Background(), lsn); !errors.Is(err, ErrFailed) {
		t.Error(err)
	}
	if _, err := l.Enqueue(1, 1, "", []byte("c")); !errors.Is(err, ErrFailed) || !errors.Is(err, syscall.EROFS) {
		t.Error(err)
	}
	if err := l.Rotate(); !errors.Is(err, ErrFailed) {
		t.Error(err)
	}
	if got := replay(t, l, 1); !slices.Equal(got, []string{"1=a"}) {
		t.Error(got)
	}
	l.Release(1) // cannot be removed
	if s := l.Stats(); !s.Failing || s.Segments != 1 {
		t.Errorf("stats %+v", s)
	}
	broken.on.Store(false)
	if !eventually(func() bool { return !l.Stats().Failing }) {
		t.Fatal("the log does not recover")
	}
	if lsn := add(t, l, "d"); lsn != 3 {
		t.Errorf("LSN %d, want 3", lsn)
	}
	l.Release(1)
	if got := replay(t, l, 1); !slices.Equal(got, []string{"3=d"}) {
		t.Error(got)
	}
	broken.on.Store(true)
	lsn, err = l.Enqueue(1, 1, "", []byte("e"))
	must(t, err)
	if err := l.Wait(context.Background(), lsn); !errors.Is(err, ErrFailed) {
		t.Error(err)
	}
	if err := l.Close(); !errors.Is(err, ErrFailed) {
		t.Errorf("Close says %v", err)
	}
}

// TestGivenUpFramesAreCutOff: also when no later segment says that they are void.
func TestGivenUpFramesAreCutOff(t *testing.T) {
	mem := vfs.NewMem()
	var broken atomic.Bool
	l := openClean(t, vfs.Inject(mem, func(op vfs.Op) error {
		if op.Kind == vfs.OpSync && filepath.Ext(op.Path) == segmentSuffix && broken.CompareAndSwap(false, true) ||
			op.Kind == vfs.OpCreate && broken.Load() {
			return syscall.EIO
		}
		return nil
	}), Options{})
	lsn, err := l.Enqueue(1, 1, "", []byte("a"))
	must(t, err)
	if err := l.Wait(context.Background(), lsn); !errors.Is(err, ErrFailed) {
		t.Fatal(err)
	}
	if l.Close() == nil {
		t.Error("Close said nothing")
	}
	l = openClean(t, mem, Options{})
	if got := replay(t, l, 1); got != nil {
		t.Errorf("given up, and back: %v", got)
	}
	must(t, l.Close())
}

func TestOpenOnABrokenDisk(t *testing.T) {
	mem, broken, told := vfs.NewMem(), &brokenSwitch{}, &errorsOf{}
	l := openClean(t, mem, Options{})
	add(t, l, "a")
	must(t, l.Close())

	fsys := vfs.Inject(mem, func(op vfs.Op) error {
		if op.Kind == vfs.OpMkdir {
			return nil
		}
		return broken.hook(op)
	})
	broken.on.Store(true)
	l = openClean(t, fsys, Options{OnError: told.on})
	if _, err := l.Enqueue(1, 1, ""); !errors.Is(err, ErrFailed) {
		t.Error(err)
	}
	if got := replay(t, l, 1); !slices.Equal(got, []string{"1=a"}) || !l.Stats().Failing || told.count() == 0 {
		t.Error(got, l.Stats(), told.list)
	}
	broken.on.Store(false)
	if !eventually(func() bool { return !l.Stats().Failing }) {
		t.Fatal("the log does not recover")
	}
	if lsn := add(t, l, "b"); lsn != 2 {
		t.Errorf("LSN %d, want 2", lsn)
	}
	must(t, l.Close())
}

func TestFullDisk(t *testing.T) {
	mem := vfs.NewMem()
	l := openClean(t, mem, Options{SegmentBytes: 16 << 10})
	mem.SetCapacity(50_000)
	var want []string
	var failure error
	for i := range 100 {
		lsn, err := l.Enqueue(1, 1, "", []byte(payloadOf(i, 1000)))
		if err == nil {
			err = l.Wait(context.Background(), lsn)
		}
		if err != nil {
			failure = err
			break
		}
		want = append(want, fmt.Sprintf("%d=record %d ", lsn, i))
	}
	if !vfs.NoSpace(failure) || !errors.Is(failure, ErrFailed) || !strings.Contains(failure.Error(), "the disk is full: free some space") {
		t.Fatalf("after %d records: %v", len(want), failure)
	}
	if len(want) < 40 {
		t.Errorf("only %d records fit", len(want))
	}
	l.Release(uint64(len(want) / 2))
	if !eventually(func() bool { return !l.Stats().Failing }) {
		t.Fatal("the log does not recover when there is room again")
	}
	want = append(want, fmt.Sprintf("%d=more", add(t, l, "more")))
	must(t, l.Close())
	l = openClean(t, mem, Options{})
	got := replay(t, l, 1)
	if len(got) < len(want)/2 || !slices.Equal(got, want[len(want)-len(got):]) {
		t.Errorf("got %v, want the end of %v", got, want)
	}
	must(t, l.Close())
}

func TestFailedSyncInTheBackground(t *testing.T) {
	for _, durability := range []Durability{Interval, None} {
		mem, told := vfs.NewMem(), &errorsOf{}
		hook := vfs.FailNth(1, syscall.EIO, vfs.OpSync)
		l := openClean(t, vfs.Inject(mem, onSegments(hook)), Options{Durability: durability, Interval: 1e6, OnError: told.on})
		add(t, l, "a")
		if durability == None {
			must(t, l.Rotate())
		}
		if !eventually(func() bool { return told.count() == 1 && l.Stats().Segments == 2 }) {
			t.Fatalf("%v: told %v, %+v", durability, told.list, l.Stats())
		}
		add(t, l, "b")
		if s := l.Stats(); s.Failing || s.Failures != 0 {
			t.Errorf("%v: %+v", durability, s)
		}
		must(t, l.Close())
		l = openClean(t, mem, Options{})
		if got := replay(t, l, 1); !slices.Equal(got, []string{"1=a", "2=b"}) {
			t.Errorf("%v: %v", durability, got)
		}
		must(t, l.Close())
	}
}

// TestManyFailures: the memory of given up frames is bounded, and never says
// that one was written.
func TestManyFailures(t *testing.T) {
	var fail atomic.Bool
	l := openClean(t, vfs.Inject(vfs.NewMem(), onSegments(func(op vfs.Op) error {
		if op.Kind == vfs.OpWrite && fail.Load() {
			return syscall.EIO
		}
		return nil
	})), Options{})
	var lost []uint64
	for range 3 * maxGivenUp {
		fail.Store(true)
		lsn, err := l.Enqueue(1, 1, "", []byte("x"))
		must(t, err)
		if l.Wait(context.Background(), lsn) == nil {
			t.Fatal("written")
		}
		lost = append(lost, lsn)
		fail.Store(false)
		if !eventually(func() bool { return !l.Stats().Failing }) {
			t.Fatal("the log does not recover")
		}
		add(t, l, "y")
	}
	for _, lsn := range lost {
		if err := l.Wait(context.Background(), lsn); !errors.Is(err, ErrFailed) {
			t.Fatalf("LSN %d: %v", lsn, err)
		}
	}
	if s := l.Stats(); s.Failures != uint64(len(lost)) || len(l.givenUp) > maxGivenUp {
		t.Errorf("%+v, %d ranges", s, len(l.givenUp))
	}
	must(t, l.Close())
}

func TestReplaySaysWhenTheFilesChanged(t *testing.T) {
	mem := vfs.NewMem()
	l := openClean(t, mem, Options{})
	add(t, l, "a")
	add(t, l, "b")
	must(t, l.Close())
	l = openClean(t, mem, Options{})
	path := filepath.Join("data/wal", segmentName(1))
	f, err := mem.OpenAppend(path)
	must(t, err)
	must(t, f.Truncate(headerBytes+frameBytes))
	if err := l.Replay(1, nil, func(Record) error { return nil }); err == nil || !strings.Contains(err.Error(), segmentName(1)) {
		t.Error(err)
	}
	must(t, mem.Remove(path))
	if err := l.Replay(1, nil, func(Record) error { return nil }); err == nil {
		t.Error("a missing segment was not missed")
	}
	l.Release(2) // the file being gone is no error
	must(t, l.Replay(1, nil, func(Record) error { return nil }))
	must(t, l.Close())
}
