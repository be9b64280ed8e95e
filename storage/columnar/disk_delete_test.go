package columnar

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/catalog"
	"github.com/heddle-io/heddle/storage/vfs"
)

var keyOwner = storage.Key{Scope: storage.ScopeSpan, Name: "owner"}

// owned are n spans of one owner, each of a trace of its own.
func owned(owner int64, n int) ptrace.Traces {
	td := ptrace.NewTraces()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for i := range n {
		s := spans.AppendEmpty()
		s.SetTraceID(pcommon.TraceID{0: 1, 7: byte(owner), 15: byte(i)})
		s.SetSpanID(pcommon.SpanID{7: 1})
		s.SetStartTimestamp(pcommon.Timestamp(1000 * owner))
		s.Attributes().PutInt("owner", owner)
	}
	return td
}

func ownedBy(owner int64) storage.Compare {
	return storage.Compare{Key: keyOwner, Op: storage.Equal, Value: storage.Int(owner)}
}

func deleteOwner(t *testing.T, s *Store, owner int64) storage.DeletionStatus {
	t.Helper()
	st, err := s.Delete(context.Background(), storage.Deletion{Key: keyOwner, Value: storage.Int(owner)})
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// carriedOut waits until no deletion is pending and returns all, the oldest first.
func carriedOut(t *testing.T, s *Store) []storage.DeletionStatus {
	t.Helper()
	for tick := time.NewTicker(time.Millisecond); ; {
		list, err := s.Deletions(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(list, func(st storage.DeletionStatus) bool { return st.DoneNs == 0 }) {
			slices.Reverse(list)
			return list
		}
		<-tick.C
	}
}

// Writers that delete what they wrote, at once and while parts are written and
// merged: nothing comes back, and every deletion counts its own rows.
func TestDeletionsBesideEachOther(t *testing.T) {
	o := diskOptions()
	o.SealRows = 3
	s := openDisk(t, o)
	defer s.Close()
	const writers, rounds, rows = 8, 12, 5
	var wait sync.WaitGroup
	for w := range writers {
		wait.Go(func() {
			for round := range rounds {
				owner := int64(w*rounds + round)
				if _, err := s.Spans().WriteSpans(t.Context(), owned(owner, rows)); err != nil {
					t.Error(err)
					return
				}
				if _, err := s.Delete(t.Context(), storage.Deletion{Key: keyOwner, Value: storage.Int(owner)}); err != nil {
					t.Error(err)
					return
				}
				s.mu.RLock()
				inOrder := slices.IsSortedFunc(s.disk.tombstones, func(a, b *tombstone) int { return int(a.id) - int(b.id) })
				s.mu.RUnlock()
				if !inOrder {
					t.Error("deletions became known in another order than that of their ids")
				}
			}
		})
	}
	wait.Wait()
	for _, st := range carriedOut(t, s) {
		if st.RowsDeleted != rows {
			t.Errorf("deletion %d of %s: %d rows, want %d", st.ID, st.Value.Text(), st.RowsDeleted, rows)
		}
	}
	if n := scanned(t, s, nil); n != 0 {
		t.Errorf("%d spans are left", n)
	}
}

// A power cut may take the end of the log and leave a deletion that was ordered
// behind it. What arrives next is new and must not be taken for what was lost.
func TestDeletionIsNotOfWhatTheLogLost(t *testing.T) {
	o := diskOptions()
	o.catalogDir = t.TempDir()
	c, err := catalog.Open(catalog.Options{Dir: o.catalogDir, Logger: o.Logger})
	if err != nil {
		t.Fatal(err)
	}
	order := catalog.Tombstone{Signals: catalog.SignalSpans, Where: &catalog.Match{Key: keyOwner, Value: storage.Int(1)}, LSN: 20}
	if _, err := c.Tombstones().Add(order); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	s := openDisk(t, o)
	defer s.Close()
	write(t, s, owned(1, 1))
	if n := scanned(t, s, ownedBy(1)); n != 1 {
		t.Errorf("%d spans of what arrived after the deletion, want 1", n)
	}
}

// What the log has of deleted records stays hidden after a restart, when
// others come into memory beside it.
func TestDeletionOfWhatIsReplayed(t *testing.T) {
	disk := vfs.NewMem()
	noParts := errors.New("no parts can be written")
	o := diskOptions()
	o.catalogDir = t.TempDir()
	o.FS = vfs.Inject(disk, func(op vfs.Op) error {
		if op.Kind == vfs.OpCreate && strings.HasPrefix(op.Path, "/data/data/") {
			return noParts
		}
		return nil
	})
	s := openDisk(t, o)
	write(t, s, owned(1, 3))
	deleteOwner(t, s, 1)
	for range 50 {
		write(t, s, owned(2, 1))
	}
	deleteOwner(t, s, 2)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var now atomic.Int64
	now.Store(time.Now().UnixNano())
	o.now = func() time.Time { return time.Unix(0, now.Load()) }
	o.FS, o.tick = disk, time.Millisecond
	s = openDisk(t, o)
	defer s.Close()
	write(t, s, owned(1, 1))
	if n := scanned(t, s, nil); n != 1 {
		t.Errorf("%d spans, want the one that arrived after the deletions", n)
	}
	now.Add(int64(DefaultDiskOptions().SealAge)) // for what is in memory to become a part
	if list := carriedOut(t, s); len(list) != 2 || list[0].RowsDeleted != 3 || list[1].RowsDeleted != 50 {
		t.Errorf("%+v", list)
	}
	if n := scanned(t, s, nil); n != 1 {
		t.Errorf("%d spans are left when the deletions are carried out, want 1", n)
	}
	if st, _ := s.DiskStats(); st.PartsWritten > 3 {
		t.Errorf("%d parts were written, want one for each deletion and at most one more", st.PartsWritten)
	}
}
