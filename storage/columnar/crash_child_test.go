package columnar

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar/wal"
	"github.com/heddle-io/heddle/storage/vfs"
)

// crashPlanKey, in the environment, makes a process the writer that TestCrash
// kills.
const crashPlanKey = "HEDDLE_TEST_CRASH_PLAN"

func TestMain(m *testing.M) {
	if text := os.Getenv(crashPlanKey); text != "" {
		fmt.Fprintln(os.Stderr, writeUntilKilled(text))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// crashPlan is what a writer is to do. It is one line of text.
type crashPlan struct {
	dir   string
	round int64
	seed  uint64
	began int64 // Unix ns: when the clock of the test began to run fast
	// fatal is a place of I/O, see crashPlaces: the process kills itself at the
	// nth operation there. None when n is 0.
	fatal, nth int
}

func (p *crashPlan) String() string {
	return fmt.Sprintf("%d %d %d %d %d %s", p.round, p.seed, p.began, p.fatal, p.nth, p.dir)
}

func parseCrashPlan(text string) (p crashPlan, err error) {
	_, err = fmt.Sscan(text, &p.round, &p.seed, &p.began, &p.fatal, &p.nth, &p.dir)
	return p, err
}

// crashPlaces are operations at which a death does most harm.
var crashPlaces = []struct {
	name string
	at   func(op vfs.Op) bool
}{
	{"any", func(vfs.Op) bool { return true }},
	{"change", func(op vfs.Op) bool { return op.Kind != vfs.OpRead && op.Kind != vfs.OpOpen && op.Kind != vfs.OpStat }},
	{"publish a part", func(op vfs.Op) bool {
		return op.Kind == vfs.OpRename && strings.HasSuffix(op.Path, suffixPart+vfs.TempSuffix)
	}},
	{"publish an index", func(op vfs.Op) bool {
		return op.Kind == vfs.OpRename && strings.HasSuffix(op.Path, suffixIndex+vfs.TempSuffix)
	}},
	{"append to the manifest", func(op vfs.Op) bool { return op.Kind == vfs.OpWrite && strings.HasSuffix(op.Path, "MANIFEST") }},
	{"sync the manifest", func(op vfs.Op) bool { return op.Kind == vfs.OpSync && strings.Contains(op.Path, "MANIFEST") }},
	{"put a new manifest in place", func(op vfs.Op) bool { return op.Kind == vfs.OpRename && strings.Contains(op.Path, "MANIFEST") }},
	{"remove a part", func(op vfs.Op) bool { return op.Kind == vfs.OpRemove && strings.HasSuffix(op.Path, suffixPart) }},
	{"begin a segment", func(op vfs.Op) bool { return op.Kind == vfs.OpRename && strings.Contains(op.Path, "/wal/") }},
	{"write the log", func(op vfs.Op) bool { return op.Kind == vfs.OpWrite && strings.Contains(op.Path, "/wal/") }},
	{"sync the log", func(op vfs.Op) bool { return op.Kind == vfs.OpSync && strings.Contains(op.Path, "/wal/") }},
	{"remove a segment", func(op vfs.Op) bool { return op.Kind == vfs.OpRemove && strings.HasSuffix(op.Path, ".wal") }},
}

// hook kills the process at the fatal operation, and lets the manifest fail
// now and then, so that it is written anew.
func (p *crashPlan) hook() func(vfs.Op) error {
	var n, manifests atomic.Int64
	return func(op vfs.Op) error {
		if p.nth > 0 && crashPlaces[p.fatal].at(op) && n.Add(1) == int64(p.nth) {
			_ = syscall.Kill(syscall.Getpid(), syscall.SIGKILL)
			select {} // until it is over
		}
		if op.Kind == vfs.OpSync && strings.HasSuffix(op.Path, "MANIFEST") && manifests.Add(1)%9 == int64(p.seed%9) {
			return syscall.EIO
		}
		return nil
	}
}

// crashSpeed is how much faster the clock runs: an hour takes two seconds.
const crashSpeed = 1800

// crashNow is the clock of writers and of those who check.
func crashNow(began int64) time.Time {
	return time.Unix(0, began+(time.Now().UnixNano()-began)*crashSpeed)
}

func crashOptions(p *crashPlan) DiskOptions {
	r := rand.New(rand.NewPCG(p.seed, 11))
	pick := func(list ...int) int { return list[r.IntN(len(list))] }
	return DiskOptions{
		Dir: p.dir, FS: vfs.Inject(vfs.OS, p.hook()), catalogDir: filepath.Join(p.dir, "catalog"), Logger: quiet(),
		// A kill takes nothing from the page cache: whatever is acknowledged is there.
		Durability: []wal.Durability{wal.Sync, wal.Sync, wal.Interval, wal.None}[r.IntN(4)],
		SealRows:   pick(50, 300, 2000), GroupRows: pick(64, 512), PartRows: 4096, segmentBytes: int64(pick(16<<10, 256<<10)),
		SealAge: 20 * time.Millisecond * crashSpeed, tick: 3 * time.Millisecond,
		Retention: Retention{MaxAge: crashAge, MinFreeBytes: -1}, DeleteWithin: time.Hour,
		now: func() time.Time { return crashNow(p.began) },
	}
}

const crashAge = 2 * time.Hour

// A request is known by its number, a record of it by the number and its own.
func crashID(number int64, record int) int64 { return number<<9 | int64(record) }

// tracesPerRequest is how many traces a request has, which are its own.
const tracesPerRequest = 3

func crashTrace(number int64, n int) (id storage.TraceID) {
	id[0] = 7
	binary.BigEndian.PutUint64(id[4:], uint64(number))
	id[15] = byte(n)
	return id
}

// crashRequest makes a request from its number.
func crashRequest(number int64) (storage.Signal, []modelRecord) {
	r := rand.New(rand.NewPCG(uint64(number), 7))
	signal := storage.SignalSpans
	if r.IntN(3) == 0 {
		signal = storage.SignalLogs
	}
	n := 1 + r.IntN(12)
	if r.IntN(25) == 0 {
		n = 1 + r.IntN(300)
	}
	list := make([]modelRecord, n)
	for i := range list {
		list[i] = newModelRecord(signal, crashID(number, i))
		list[i].trace, list[i].parent = crashTrace(number, i%tracesPerRequest), storage.SpanID{}
		binary.BigEndian.PutUint64(list[i].span[:], uint64(list[i].id)+1)
	}
	return signal, list
}

// crashWriter is what the goroutines of a writer share.
type crashWriter struct {
	crashPlan
	store *Store
}

// writeUntilKilled writes and deletes, and prints what it is about to do and
// what was acknowledged, each with one write to the pipe.
func writeUntilKilled(text string) error {
	plan, err := parseCrashPlan(text)
	if err != nil {
		return err
	}
	fmt.Print("opening\n")
	w := crashWriter{crashPlan: plan}
	if w.store, err = OpenDisk(context.Background(), crashOptions(&plan)); err != nil {
		return err
	}
	fmt.Print("open\n")
	failed := make(chan error)
	for writer := range int64(3) {
		go func() { failed <- w.write(writer) }()
	}
	return <-failed
}

func (w *crashWriter) write(writer int64) error {
	r := rand.New(rand.NewPCG(w.seed, uint64(writer)))
	var mine []int64 // acknowledged
	for n := int64(0); ; n++ {
		number := (w.round<<20+n)<<2 | writer
		signal, records := crashRequest(number)
		hour := crashNow(w.began).Unix() / 3600
		switch err := w.send(r, signal, records); {
		case errors.Is(err, storage.ErrOverloaded):
			continue // it may be there or not
		case err != nil:
			return err
		}
		fmt.Printf("request %d %d\n", number, hour)
		mine = append(mine, number)
		if r.IntN(12) > 0 {
			continue
		}
		target, trace := mine[r.IntN(len(mine))], r.IntN(tracesPerRequest)
		fmt.Printf("deleting %d %d\n", target, trace)
		if _, err := w.store.Delete(context.Background(), storage.Deletion{TraceID: crashTrace(target, trace), Reason: "test"}); err != nil {
			return err
		}
		fmt.Printf("deleted %d %d\n", target, trace)
	}
}

// send writes a request in one of the forms that requests come in.
func (w *crashWriter) send(r *rand.Rand, signal storage.Signal, records []modelRecord) (err error) {
	var out storage.Outcome
	form := r.IntN(3)
	switch {
	case form == 0 && signal == storage.SignalSpans:
		out, err = w.store.Spans().WriteSpans(context.Background(), modelSpans(records))
	case form == 0:
		out, err = w.store.Logs().WriteLogs(context.Background(), modelLogs(records))
	default:
		request := storage.OTLPRequest{}
		to := w.store.Logs().(storage.OTLPWriter)
		if signal == storage.SignalSpans {
			to = w.store.Spans().(storage.OTLPWriter)
			request.Body, err = (&ptrace.ProtoMarshaler{}).MarshalTraces(modelSpans(records))
		} else {
			request.Body, err = (&plog.ProtoMarshaler{}).MarshalLogs(modelLogs(records))
		}
		if err != nil {
			return err
		}
		if form == 2 {
			request.Wire, request.Encoding = gzipped(request.Body), "gzip"
		}
		out, err = to.WriteOTLP(context.Background(), request)
	}
	if err == nil && out.Accepted != len(records) {
		err = fmt.Errorf("%d of %d records were accepted", out.Accepted, len(records))
	}
	return err
}

func gzipped(body []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(body) // never fails
	_ = z.Close()
	return b.Bytes()
}
