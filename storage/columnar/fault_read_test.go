package columnar

import (
	"context"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/catalog"
	"github.com/heddle-io/heddle/storage/vfs"
)

// errDisk is what a broken disk says.
var errDisk = syscall.EIO

// TestEveryReadThatFails lets every single read of a part fail, and then has
// a wrong bit in it: a query must answer as it should or not at all.
func TestEveryReadThatFails(t *testing.T) {
	mem := vfs.NewMem()
	o := diskOptions()
	o.FS, o.still, o.catalog = mem, true, memoryCatalog(t)
	s := openDisk(t, o)
	var held []modelRecord
	for n := range 4 {
		signal := []storage.Signal{storage.SignalSpans, storage.SignalLogs}[n%2]
		var records []modelRecord
		for i := range 90 {
			records = append(records, newModelRecord(signal, int64(100*n+i)))
		}
		writeRecords(t, s, signal, records)
		held = append(held, records...)
		flushed{s}.flush()
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	queries := modelQueries(rand.New(rand.NewPCG(1, 1)), 400)
	wants := make([][]string, len(queries))
	for i, q := range queries {
		wants[i] = q.want(held)
	}
	// reads asks everything and returns how many reads that took. at is which
	// of them gets what fault.
	var failed, right int
	reads := func(at int64, fault error) int64 {
		var n atomic.Int64
		o.FS = vfs.Inject(mem, func(op vfs.Op) error {
			if (op.Kind == vfs.OpRead || op.Kind == vfs.OpOpen) && strings.Contains(op.Path, "/default/") {
				if n.Add(1) == at && (op.Kind == vfs.OpRead || fault == errDisk) {
					return fault
				}
			}
			return nil
		})
		s := openDisk(t, o)
		for i, q := range queries {
			got, err := q.ask(context.Background(), s)
			if err != nil {
				failed++
				continue
			}
			right++
			if d := difference(got, wants[i]); d != "" {
				t.Errorf("fault %v at read %d: %s: %s", fault, at, q.name, d)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		return n.Load()
	}
	total := reads(0, nil)
	if failed > 0 {
		t.Fatalf("%d queries fail on a disk that is fine", failed)
	}
	step := int64(1)
	if testing.Short() {
		step = 24
	}
	for at := int64(1); at <= total; at += step {
		before := failed
		reads(at, errDisk)
		if failed == before {
			t.Errorf("read %d of %d failed and no query did", at, total)
		}
		for bit := range int64(2) {
			reads(at, &vfs.BitFlipError{Bit: (at*7919 + bit*104729) * 13})
		}
	}
	t.Logf("%d reads; %d queries failed, %d were answered", total, failed, right)
}

// memoryCatalog outlives the stores that use it, so that opening them is quick.
func memoryCatalog(t testing.TB) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Open(catalog.Options{Logger: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func writeRecords(t testing.TB, s *Store, signal storage.Signal, records []modelRecord) {
	t.Helper()
	if signal == storage.SignalLogs {
		if _, err := s.Logs().WriteLogs(context.Background(), modelLogs(records)); err != nil {
			t.Fatal(err)
		}
		return
	}
	if _, err := s.Spans().WriteSpans(context.Background(), modelSpans(records)); err != nil {
		t.Fatal(err)
	}
}
