package columnar

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/storagetest"
	"github.com/heddle-io/heddle/storage/vfs"
)

// peak calls f and returns by how much the heap in use grew at most, as seen
// every few milliseconds. Garbage counts, of which there is little.
func peak(f func()) int64 {
	defer debug.SetGCPercent(debug.SetGCPercent(10))
	return sampled(f, 5*time.Millisecond, func() int64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapInuse)
	})
}

// peakLive is peak of what is not garbage, which large slices that come and go
// make much of. It collects that before it looks.
func peakLive(f func()) int64 {
	return sampled(f, 20*time.Millisecond, func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	})
}

// sampled calls f and returns by how much heap grew at most meanwhile.
func sampled(f func(), every time.Duration, heap func() int64) int64 {
	runtime.GC()
	before := heap()
	most := before
	stop := make(chan struct{})
	var sampler sync.WaitGroup
	sampler.Go(func() {
		for tick := time.NewTicker(every); ; {
			select {
			case <-tick.C:
				most = max(most, heap())
			case <-stop:
				return
			}
		}
	})
	f()
	close(stop)
	sampler.Wait()
	return most - before
}

// meshBodies are encoded requests of about 512 spans.
func meshBodies(tb testing.TB, n int) [][]byte { return newMesh().bodies(tb, n) }

// bodies of one mesh differ, also those of several calls.
func (m *mesh) bodies(tb testing.TB, n int) (list [][]byte) {
	tb.Helper()
	for range n {
		body, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(m.request(16, 32))
		if err != nil {
			tb.Fatal(err)
		}
		list = append(list, body)
	}
	return list
}

// realOptions are those of a still store in a directory.
func realOptions(tb testing.TB, dir string) DiskOptions {
	tb.Helper()
	o := DefaultDiskOptions()
	o.Dir, o.still, o.keepTwins, o.Logger = dir, true, true, quiet()
	o.Retention = Retention{MinFreeBytes: -1}
	// The catalog is not what is measured.
	o.FS, o.catalog = vfs.Inject(vfs.OS, func(vfs.Op) error { return nil }), memoryCatalog(tb)
	return o
}

// unflushed makes a directory that has requests in its log only, as a process
// leaves it that is killed, and returns the number of spans. segmentBytes are
// those of the log, 0 its default.
func unflushed(tb testing.TB, dir string, bodies [][]byte, segmentBytes int64) (spans int) {
	tb.Helper()
	o := realOptions(tb, filepath.Join(tb.TempDir(), "alive"))
	o.MaxMemoryBytes, o.SealRows, o.Durability, o.segmentBytes = 4<<30, maxGroupRows, 2, segmentBytes
	s := openDisk(tb, o)
	to := s.Spans().(storage.OTLPWriter)
	for _, body := range bodies {
		out, err := to.WriteOTLP(tb.Context(), storage.OTLPRequest{Body: body})
		if err != nil {
			tb.Fatal(err)
		}
		spans += out.Accepted
	}
	if err := os.CopyFS(dir, os.DirFS(o.Dir)); err != nil {
		tb.Fatal(err)
	}
	if err := s.Close(); err != nil {
		tb.Fatal(err)
	}
	return spans
}

// TestMemoryOfRecovery replays a log that is much larger than the memory a
// store may take. It writes parts meanwhile.
func TestMemoryOfRecovery(t *testing.T) {
	storagetest.Long(t)
	const requests = 200
	dir := filepath.Join(t.TempDir(), "killed")
	spans := unflushed(t, dir, meshBodies(t, requests), 0)
	o := realOptions(t, dir)
	o.MaxMemoryBytes = 8 << 20
	var s *Store
	grew := peak(func() { s = openDisk(t, o) })
	t.Logf("%d spans: the heap grew by %d MiB, the store may keep %d MiB", spans, grew>>20, o.MaxMemoryBytes>>20)
	if n := scanned(t, s, nil); n != spans {
		t.Errorf("%d spans are there, want %d", n, spans)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if grew > 4*o.MaxMemoryBytes && !raced {
		t.Errorf("the heap grew by %d MiB", grew>>20)
	}
}

// TestRecoveryReleasesNothingUnread replays a log of many segments and writes
// parts meanwhile: what these have may be given up by the log, what comes after
// it may not. It ends recovery after every so many requests and begins again.
func TestRecoveryReleasesNothingUnread(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "killed")
	spans := unflushed(t, dir, meshBodies(t, 40), 256<<10)
	if segments, err := os.ReadDir(filepath.Join(dir, "wal")); err != nil || len(segments) < 5 {
		t.Fatalf("%d segments, %v: too few", len(segments), err)
	}
	for range 3 {
		o := realOptions(t, dir)
		o.MaxMemoryBytes = 1 << 20
		ctx, cancel := context.WithCancel(t.Context())
		var written atomic.Int32
		o.FS = vfs.Inject(vfs.OS, func(op vfs.Op) error {
			if op.Kind == vfs.OpRename && written.Add(1) == 8 { // four parts
				cancel()
			}
			return nil
		})
		if _, err := OpenDisk(ctx, o); !errors.Is(err, context.Canceled) {
			t.Fatalf("recovery ended with %v", err)
		}
	}
	o := realOptions(t, dir)
	o.MaxMemoryBytes = 1 << 20
	s := openDisk(t, o)
	if n := scanned(t, s, nil); n != spans {
		t.Errorf("%d spans are there, want %d", n, spans)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestMemoryOfMerges merges many parts: a few row groups are decoded at a time.
func TestMemoryOfMerges(t *testing.T) {
	storagetest.Long(t)
	const parts = 12
	now := time.Unix(0, modelEpoch)
	o := realOptions(t, filepath.Join(t.TempDir(), "store"))
	o.SealRows, o.GroupRows, o.PartRows, o.now = 16384, 16384, 1<<20, func() time.Time { return now }
	s := openDisk(t, o)
	m := newMesh()
	to := s.Spans().(storage.OTLPWriter)
	for range parts {
		for _, body := range m.bodies(t, 32) {
			if _, err := to.WriteOTLP(t.Context(), storage.OTLPRequest{Body: body}); err != nil {
				t.Fatal(err)
			}
		}
		flushed{s}.flush()
	}
	rows, bytes := uint64(0), s.disk.partBytes()
	for _, p := range s.disk.current.spans {
		rows += p.Rows
	}
	now = now.Add(3 * time.Hour)
	grew := peak(func() { mergeAll(t, s) })
	t.Logf("%d spans in %d parts of %d MiB: the heap grew by %d MiB", rows, parts, bytes>>20, grew>>20)
	if n := len(s.disk.current.spans); n != 1 || s.disk.current.spans[0].Rows != rows {
		t.Errorf("%d parts, the first has %d rows of %d", n, s.disk.current.spans[0].Rows, rows)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if grew > 64<<20 && !raced {
		t.Errorf("the heap grew by %d MiB", grew>>20)
	}
}
