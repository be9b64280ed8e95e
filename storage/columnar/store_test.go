package columnar

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/storagetest"
)

func open(t *testing.T, o Options) *Store {
	t.Helper()
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func write(t *testing.T, s *Store, td ptrace.Traces) storage.Outcome {
	t.Helper()
	out, err := s.Spans().WriteSpans(context.Background(), td)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// scanned counts the spans that a scan finds.
func scanned(t *testing.T, s *Store, where storage.Predicate) (n int) {
	t.Helper()
	for b, err := range s.Spans().Scan(context.Background(), storage.Scan{Window: storage.AllTime(), Where: where}) {
		if err != nil {
			t.Fatal(err)
		}
		n += b.Len()
	}
	return n
}

func TestOptionsValidate(t *testing.T) {
	for _, c := range []struct {
		opts Options
		want string
	}{
		{Options{}, ""},
		{Options{MaxBytes: 1}, "MaxBytes"},
		{Options{MaxBytes: -1}, "MaxBytes"},
		{Options{SealRows: -1}, "SealRows"},
		{Options{SealRows: 1 << 25}, "SealRows"},
		{Options{WhenFull: 7}, "WhenFull"},
		{Options{Limits: storage.Limits{Events: -1}}, "Limits"},
	} {
		s, err := Open(c.opts)
		if c.want == "" {
			if err != nil {
				t.Errorf("%+v: %v", c.opts, err)
			}
			_ = s.Close()
		} else if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: got %v, want an error that names %s", c.opts, err, c.want)
		}
	}
}

func TestEvictKeepsTheBoundAndCounts(t *testing.T) {
	storagetest.Long(t)
	const bound = 4 << 20
	s := open(t, Options{MaxBytes: bound})
	m := newMesh()
	total := 0
	for range 60 {
		td := m.request(16, 32)
		total += write(t, s, td).Accepted
		if st := s.Stats(); st.Bytes > bound {
			t.Fatalf("%d bytes are held, MaxBytes is %d", st.Bytes, bound)
		}
	}
	st := s.Stats()
	if st.EvictedSpans == 0 {
		t.Fatal("nothing was evicted although far more than MaxBytes was written")
	}
	if st.Spans+st.EvictedSpans != uint64(total) || st.AcceptedSpans != uint64(total) {
		t.Errorf("%d held and %d evicted must be the %d accepted", st.Spans, st.EvictedSpans, total)
	}
	if n := scanned(t, s, nil); uint64(n) != st.Spans {
		t.Errorf("a scan finds %d spans, Stats tells %d", n, st.Spans)
	}
	if st.Bytes < bound/2 {
		t.Errorf("only %d bytes of %d are used: too much was evicted", st.Bytes, bound)
	}
}

func TestOneGiantWriteKeepsTheBound(t *testing.T) {
	storagetest.Long(t)
	const bound = 2 << 20
	s := open(t, Options{MaxBytes: bound})
	td := newMesh().request(1000, 32)
	out := write(t, s, td)
	st := s.Stats()
	if out.Accepted != 32_000 || st.Spans+st.EvictedSpans != 32_000 || st.Bytes > bound {
		t.Errorf("accepted %d, held %d, evicted %d, bytes %d of %d", out.Accepted, st.Spans, st.EvictedSpans, st.Bytes, bound)
	}
}

func TestRecordLargerThanTheStoreIsRejected(t *testing.T) {
	s := open(t, Options{MaxBytes: 1 << 20})
	td := newMesh().request(1, 3)
	span := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
	span.Attributes().PutStr("big", strings.Repeat("x", 100_000))
	out := write(t, s, td)
	if out.Accepted != 2 || len(out.Rejected) != 1 || out.Rejected[0].Reason != storage.ReasonTooLarge || !strings.Contains(out.Rejected[0].Example, "MaxBytes") {
		t.Errorf("got %+v, want one span rejected as too large for MaxBytes", out)
	}
}

func TestRefuseBeforeAnythingIsTaken(t *testing.T) {
	const bound = 2 << 20
	s := open(t, Options{MaxBytes: bound, WhenFull: Refuse})
	m := newMesh()
	accepted := 0
	for range 200 {
		before := s.Stats()
		out, err := s.Spans().WriteSpans(context.Background(), m.request(4, 20))
		after := s.Stats()
		if after.Bytes > bound {
			t.Fatalf("%d bytes are held, MaxBytes is %d", after.Bytes, bound)
		}
		if err == nil {
			accepted += out.Accepted
			continue
		}
		if !errors.Is(err, storage.ErrOverloaded) || !strings.Contains(err.Error(), fmt.Sprint("MaxBytes ", bound)) {
			t.Fatalf("got %v, want ErrOverloaded that names the bound", err)
		}
		if after.Spans != before.Spans || after.AcceptedSpans != before.AcceptedSpans || out.Accepted != 0 {
			t.Fatalf("a refused write took something: %+v, then %+v", before, after)
		}
	}
	if st := s.Stats(); st.Spans != uint64(accepted) || st.EvictedSpans != 0 || accepted == 0 || accepted == 200*80 {
		t.Errorf("accepted %d, stats %+v: want some writes accepted, some refused, none evicted", accepted, st)
	}
}

func TestSealBoundary(t *testing.T) {
	for _, rows := range []int{1, 255, 256, 257} {
		s, m := open(t, Options{SealRows: rows}), newMesh()
		for n := range 2*rows + 1 {
			td := m.request(1, 1)
			td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Attributes().PutInt("n", int64(n))
			write(t, s, td)
		}
		if sealed, left := len(s.spans.sealed), s.spans.open.len(); sealed != (2*rows+1)/rows || left != (2*rows+1)%rows {
			t.Errorf("SealRows %d: %d tables sealed and %d rows left after %d", rows, sealed, left, 2*rows+1)
		}
		for _, n := range []int{0, rows - 1, rows, 2*rows - 1, 2 * rows} {
			p := storage.Compare{Key: storage.Key{Scope: storage.ScopeSpan, Name: "n"}, Value: storage.Int(int64(n))}
			if found := scanned(t, s, p); found != 1 {
				t.Fatalf("SealRows %d: span %d found %d times", rows, n, found)
			}
		}
	}
}

func TestLogsAndSpansShareTheBound(t *testing.T) {
	const bound = 2 << 20
	s := open(t, Options{MaxBytes: bound})
	m := newMesh()
	for n := range 40 {
		write(t, s, m.request(8, 32))
		ld := plog.NewLogs()
		records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
		for i := range 300 {
			r := records.AppendEmpty()
			r.SetTimestamp(pcommon.Timestamp(n*1000 + i))
			r.Body().SetStr(fmt.Sprintf("request %s took %d ms", m.uuid(), i))
		}
		if _, err := s.Logs().WriteLogs(context.Background(), ld); err != nil {
			t.Fatal(err)
		}
		if st := s.Stats(); st.Bytes > bound {
			t.Fatalf("%d bytes are held, MaxBytes is %d", st.Bytes, bound)
		}
	}
	st := s.Stats()
	if st.EvictedLogs == 0 || st.EvictedSpans == 0 || st.Logs == 0 || st.Spans == 0 {
		t.Errorf("the table that was sealed first goes, of either signal: %+v", st)
	}
	if st.Logs+st.EvictedLogs != 40*300 {
		t.Errorf("%d held and %d evicted must be 12000", st.Logs, st.EvictedLogs)
	}
}

func TestSnapshotOutlivesEviction(t *testing.T) {
	storagetest.Long(t)
	s := open(t, Options{MaxBytes: 1 << 20})
	m := newMesh()
	write(t, s, m.request(16, 32))
	want, seen := scanned(t, s, nil), 0
	for b, err := range s.Spans().Scan(context.Background(), storage.Scan{Window: storage.AllTime(), Columns: []storage.Key{storage.KeyName}}) {
		if err != nil {
			t.Fatal(err)
		}
		seen += b.Len()
		for range 40 { // the table that is being read is given up meanwhile
			write(t, s, m.request(16, 32))
		}
	}
	if seen != want || s.Stats().EvictedSpans == 0 {
		t.Errorf("a scan sees what there was when it began: %d spans, want %d", seen, want)
	}
}
