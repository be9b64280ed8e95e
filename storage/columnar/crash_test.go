package columnar

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar/wal"
	"github.com/heddle-io/heddle/storage/vfs"
)

const (
	// crashRounds, in the environment, is how often TestCrash kills.
	crashRounds = "HEDDLE_CRASH_ROUNDS"
	// crashDir and crashRound, in the environment, make a process the writer
	// that TestCrash kills.
	crashDir   = "HEDDLE_TEST_CRASH_DIR"
	crashRound = "HEDDLE_TEST_CRASH_ROUND"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		fmt.Fprintln(os.Stderr, writeUntilKilled(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func crashOptions(dir string) DiskOptions {
	return DiskOptions{
		Dir: dir, FS: vfs.OS, Durability: wal.Sync, SealRows: 500, SealAge: 20 * time.Millisecond, GroupRows: 512, PartRows: 4096,
		Retention: Retention{MinFreeBytes: -1}, Logger: quiet(), keepTwins: true, tick: 5 * time.Millisecond, segmentBytes: 256 << 10,
	}
}

// crashRequest makes a request again from its number.
func crashRequest(number int64) (storage.Signal, []modelRecord) {
	signal := storage.SignalSpans
	if number%3 == 0 {
		signal = storage.SignalLogs
	}
	list := make([]modelRecord, crashSize(number))
	for i := range list {
		list[i] = newModelRecord(signal, number<<8+int64(i))
	}
	return signal, list
}

func crashSize(number int64) int {
	return 1 + rand.New(rand.NewPCG(uint64(number), 7)).IntN(200)
}

// writeUntilKilled prints the number of each request after it was acknowledged.
func writeUntilKilled(dir string) error {
	round, err := strconv.ParseInt(os.Getenv(crashRound), 10, 64)
	if err != nil {
		return err
	}
	s, err := OpenDisk(context.Background(), crashOptions(dir))
	if err != nil {
		return err
	}
	failed := make(chan error)
	for writer := range int64(3) {
		go func() {
			for n := int64(0); ; n++ {
				number := (round<<24+n)<<2 | writer
				signal, records := crashRequest(number)
				if err := crashWrite(s, signal, records); err != nil {
					failed <- err
					return
				}
				fmt.Printf("%d\n", number) // one write to the pipe
			}
		}()
	}
	return <-failed
}

func crashWrite(s *Store, signal storage.Signal, records []modelRecord) (err error) {
	var out storage.Outcome
	if signal == storage.SignalSpans {
		out, err = s.Spans().WriteSpans(context.Background(), modelSpans(records))
	} else {
		out, err = s.Logs().WriteLogs(context.Background(), modelLogs(records))
	}
	if err == nil && out.Accepted != len(records) {
		err = fmt.Errorf("%d of %d records were accepted", out.Accepted, len(records))
	}
	return err
}

// TestCrash kills a process that writes, again and again on the same directory,
// and looks whether everything that was acknowledged is there once and whether
// requests are there wholly or not at all. After every other kill nobody looks,
// so that the next process has to recover and may be killed meanwhile.
func TestCrash(t *testing.T) {
	rounds := 15
	if n, err := strconv.Atoi(os.Getenv(crashRounds)); err == nil {
		rounds = n
	}
	dir, acked := t.TempDir(), map[int64]bool{}
	early := 0
	for round := range rounds {
		lines := killWriter(t, dir, round, time.Duration(20+rand.IntN(281))*time.Millisecond)
		if len(lines) == 0 {
			early++
		}
		maps.Copy(acked, lines)
		if round%2 == 1 || round == rounds-1 {
			checkCrash(t, dir, round, acked)
		}
	}
	t.Logf("%d kills, %d before the first acknowledgement; %d requests were acknowledged", rounds, early, len(acked))
}

// killWriter returns the requests that were acknowledged to a writer before it
// was killed.
func killWriter(t *testing.T, dir string, round int, after time.Duration) map[int64]bool {
	t.Helper()
	var stdout, stderr bytes.Buffer
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), crashDir+"="+dir, crashRound+"="+strconv.Itoa(round))
	c.Stdout, c.Stderr = &stdout, &stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(after, func() { _ = c.Process.Kill() })
	defer timer.Stop()
	err := c.Wait()
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.Exited() {
		t.Fatalf("round %d: the writer ended on its own: %v\n%s", round, err, stderr.String())
	}
	acked := map[int64]bool{}
	for line := range strings.Lines(stdout.String()) {
		if number, err := strconv.ParseInt(strings.TrimSuffix(line, "\n"), 10, 64); err == nil && strings.HasSuffix(line, "\n") {
			acked[number] = true
		}
	}
	return acked
}

func checkCrash(t *testing.T, dir string, round int, acked map[int64]bool) {
	t.Helper()
	s := openDisk(t, crashOptions(dir))
	seen, held := map[int64]int{}, map[int64]int{}
	see := func(id int64) { seen[id]++; held[id>>8]++ }
	for b, err := range s.Spans().Scan(context.Background(), storage.Scan{Window: storage.AllTime(), Columns: []storage.Key{modelID}}) {
		if err != nil {
			t.Fatal(err)
		}
		for i := range b.Len() {
			see(b.Columns[0].Value(i).Int())
		}
	}
	for b, err := range s.Logs().ScanLogs(context.Background(), storage.LogScan{Window: storage.AllTime(), WholeRecords: true}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range recordsOfLogs(b.Records) {
			see(m.id)
		}
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("round %d: record %d of request %d is there %d times", round, id&255, id>>8, n)
		}
	}
	for number, n := range held {
		if n != crashSize(number) {
			t.Errorf("round %d: request %d (acknowledged: %v) has %d of %d records", round, number, acked[number], n, crashSize(number))
		}
	}
	for number := range acked {
		if held[number] == 0 {
			t.Errorf("round %d: request %d was acknowledged and is not there", round, number)
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if t.Failed() {
		t.FailNow()
	}
}
