package columnar

import (
	"strings"
	"testing"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/vfs"
)

// TestAcceptedRecordsSurviveStricterLimits cuts the power before anything is
// in parts and starts again with limits, of records and of memory, that would
// refuse what was accepted.
func TestAcceptedRecordsSurviveStricterLimits(t *testing.T) {
	mem := vfs.NewMem()
	o := stillOptions(t, mem)
	o.Limits = storage.Limits{ValueBytes: 1 << 20, Attributes: 10, Events: 10}
	o.MaxMemoryBytes = 64 << 20
	s := openDisk(t, o)
	large := []modelRecord{newModelRecord(storage.SignalSpans, 1), newModelRecord(storage.SignalSpans, 2)}
	large[0].note, large[1].note = strings.Repeat("x", 300<<10), strings.Repeat("y", 10)
	logs := []modelRecord{newModelRecord(storage.SignalLogs, 3)}
	logs[0].note = strings.Repeat("z", 300<<10)
	writeRecords(t, s, storage.SignalSpans, large)
	writeRecords(t, s, storage.SignalLogs, logs)
	strict := o
	strict.Limits = storage.Limits{ValueBytes: 100, Attributes: 1, Events: 1}
	strict.MaxMemoryBytes = 1 << 20
	for run, opts := range []DiskOptions{strict, strict, o} {
		mem = mem.Crash(uint64(run))
		_ = s.Close()
		opts.FS = mem
		s = openDisk(t, opts)
		wantHeld(t, s, large, logs)
		if run == 0 {
			out, err := s.Spans().WriteSpans(t.Context(), modelSpans(large[:1]))
			if err != nil || out.RejectedCount() != 1 {
				t.Errorf("what the new limits forbid is taken: %+v, %v", out, err)
			}
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
