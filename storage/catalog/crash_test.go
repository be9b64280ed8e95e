package catalog

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/heddle-io/heddle/storage"
)

// crashDir is set in the environment of the process that the crash test kills.
const crashDir = "HEDDLE_TEST_CATALOG_CRASH_DIR"

// crashRounds, in the environment, is how often TestKilledWriterLosesNothing
// kills.
const crashRounds = "HEDDLE_CRASH_ROUNDS"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		fmt.Fprintln(os.Stderr, "writer:", writeUntilKilled(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// writeUntilKilled adds tombstones and saves objects and prints what was
// acknowledged, a line each.
func writeUntilKilled(dir string) error {
	c, err := Open(Options{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	var out sync.Mutex
	acknowledge := func(format string, a ...any) {
		out.Lock()
		defer out.Unlock()
		fmt.Printf(format+"\n", a...)
	}
	failed := make(chan error)
	go func() {
		for n := uint64(1); ; n++ {
			id := storage.TraceID{}
			binary.BigEndian.PutUint64(id[8:], n)
			t, err := c.Tombstones().Add(Tombstone{Signals: SignalSpans, TraceID: &id})
			if err != nil {
				failed <- err
				return
			}
			acknowledge("tombstone %d %s", t.ID, id)
			if n%5 == 0 {
				if err := c.Tombstones().Finish(t.ID, n); err != nil {
					failed <- err
					return
				}
				acknowledge("finished %d %d", t.ID, n)
			}
		}
	}()
	go func() {
		padding := strings.Repeat("x", 200<<10) // so that logs fill up and become tables
		for n := 0; ; n++ {
			o := Object{Kind: "board", ID: fmt.Sprint(n % 7), Revision: AnyRevision}
			o.JSON, _ = json.Marshal(map[string]any{"n": n, "padding": padding})
			o, err := c.Objects("").Put(o)
			if err != nil {
				failed <- err
				return
			}
			acknowledge("object %s %d %d", o.ID, o.Revision, n)
		}
	}()
	return <-failed
}

// acknowledged is what a writer was promised.
type acknowledged struct {
	tombstones map[uint64]string // trace ids
	finished   map[uint64]uint64 // rows deleted
	objects    map[string][2]uint64
}

func (a *acknowledged) read(t *testing.T, line string) {
	var id, n, revision uint64
	var text string
	var err error
	switch what, rest, _ := strings.Cut(line, " "); what {
	case "tombstone":
		_, err = fmt.Sscan(rest, &id, &text)
		a.tombstones[id] = text
	case "finished":
		_, err = fmt.Sscan(rest, &id, &n)
		a.finished[id] = n
	case "object":
		_, err = fmt.Sscan(rest, &text, &revision, &n)
		a.objects[text] = [2]uint64{revision, n}
	default:
		err = fmt.Errorf("unknown")
	}
	if err != nil {
		t.Fatalf("line %q: %v", line, err)
	}
}

func (a *acknowledged) check(t *testing.T, c *Catalog) {
	t.Helper()
	list, err := c.Tombstones().List(AllTenants)
	if err != nil {
		t.Fatal(err)
	}
	stored := map[uint64]Tombstone{}
	for _, tombstone := range list {
		stored[tombstone.ID] = tombstone
	}
	for id, trace := range a.tombstones {
		if s, ok := stored[id]; !ok || s.TraceID.String() != trace {
			t.Errorf("tombstone %d of trace %s is lost: %+v", id, trace, s)
		}
	}
	for id, rows := range a.finished {
		if s := stored[id]; s.Pending() || s.RowsDeleted != rows {
			t.Errorf("tombstone %d is not finished with %d rows: %+v", id, rows, s)
		}
	}
	for id, want := range a.objects {
		o, err := c.Objects("").Get("board", id)
		if err != nil {
			t.Errorf("object %s is lost: %v", id, err)
			continue
		}
		var content struct{ N uint64 }
		if err := json.Unmarshal(o.JSON, &content); err != nil {
			t.Error(err)
		}
		// What was written and not acknowledged any more may be there too.
		if o.Revision < want[0] || (o.Revision == want[0]) != (content.N == want[1]) {
			t.Errorf("object %s: got revision %d of write %d, revision %d of write %d was acknowledged", id, o.Revision, content.N, want[0], want[1])
		}
	}
}

// TestKilledWriterLosesNothing kills a writing process again and again and
// looks for everything that it was promised. It is about crashes of the
// process; that acknowledged writes are synced is badger's and commit's part.
func TestKilledWriterLosesNothing(t *testing.T) {
	rounds, seed := 12, uint64(time.Now().UnixNano())
	if testing.Short() {
		rounds = 3
	}
	if n, err := strconv.Atoi(os.Getenv(crashRounds)); err == nil {
		rounds = n
	}
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	dir := t.TempDir()
	a := &acknowledged{map[uint64]string{}, map[uint64]uint64{}, map[string][2]uint64{}}
	for range rounds {
		writer := exec.Command(os.Args[0])
		writer.Env = append(os.Environ(), crashDir+"="+dir)
		writer.Stderr = os.Stderr
		out, err := writer.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := writer.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewReader(out)
		for left := 1 + random.IntN(60); ; left-- {
			if left == 0 {
				if err := writer.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
			line, err := lines.ReadString('\n')
			if err != nil {
				break // the pipe's last line may be cut: it was not promised
			}
			a.read(t, strings.TrimSuffix(line, "\n"))
		}
		if err := writer.Wait(); err == nil || writer.ProcessState.ExitCode() != -1 {
			t.Fatalf("the writer ended before it was killed: %v", err)
		}
		o, _ := testOptions(dir)
		c, err := Open(o)
		if err != nil {
			t.Fatal(err)
		}
		a.check(t, c)
		mustClose(t, c)
	}
	t.Logf("%d tombstones, %d objects", len(a.tombstones), len(a.objects))
}
