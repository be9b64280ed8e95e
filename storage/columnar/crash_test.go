package columnar

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/heddle-io/heddle/storage"
)

const (
	// crashRounds, in the environment, is how often TestCrash kills.
	crashRounds = "HEDDLE_CRASH_ROUNDS"
	// crashSeed, in the environment, chooses when and where.
	crashSeed = "HEDDLE_CRASH_SEED"
)

// TestCrash kills a process that writes, again and again on the same directory:
// at some moment, while it recovers, and at operations of its own choice. After
// each kill everything that was acknowledged must be there once, requests
// wholly or not at all, what was deleted must not, and nothing else.
//
// Mostly a copy of the directory is looked at, so that the next process has to
// recover what the last one left.
func TestCrash(t *testing.T) {
	t.Parallel() // with TestModel: it waits for processes
	rounds, seed := 12, uint64(time.Now().UnixNano())
	if testing.Short() {
		rounds = 4
	}
	if n, err := strconv.Atoi(os.Getenv(crashRounds)); err == nil {
		rounds = n
	}
	if n, err := strconv.ParseUint(os.Getenv(crashSeed), 10, 64); err == nil {
		seed = n
	}
	t.Logf("%s=%d", crashSeed, seed)
	r := rand.New(rand.NewPCG(seed, 1))
	l := newCrashLedger()
	plan := crashPlan{dir: filepath.Join(t.TempDir(), "store"), began: time.Now().UnixNano()}
	if err := os.Mkdir(plan.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	for round := range rounds {
		plan.round, plan.seed, plan.nth = int64(round), r.Uint64(), 0
		k := &killing{plan: plan, opened: time.Duration(r.IntN(200)) * time.Millisecond, opening: 10 * time.Second}
		switch kind := r.IntN(5); {
		case kind == 0:
			k.opening, k.what = time.Duration(r.IntN(40_000))*time.Microsecond, "while it recovers"
		case kind <= 2:
			k.plan.fatal = r.IntN(len(crashPlaces))
			k.plan.nth = 1 + r.IntN([]int{5, 40, 400}[r.IntN(3)])
			k.opened = 400 * time.Millisecond
			k.what = crashPlaces[k.plan.fatal].name
		default:
			k.what = "at some moment"
		}
		kinds[k.what]++
		if err := k.run(l); err != nil {
			t.Fatalf("round %d, killed %s: %v", round, k.what, err)
		}
		if err := l.check(t, plan, r.IntN(3) > 0); err != nil {
			t.Fatalf("round %d, killed %s (operation %d): %v", round, k.what, k.plan.nth, err)
		}
	}
	t.Logf("%d rounds: %d requests and %d deletions were acknowledged, %d records were compared, %d requests had expired; killed %v",
		rounds, l.acked, l.deletions, l.compared, l.expired, kinds)
}

// killing is one life of a writer.
type killing struct {
	plan            crashPlan
	what            string
	opening, opened time.Duration // until it is killed, since it began to open the store and since that was open
}

// run notes in the ledger what the writer said until it died.
func (k *killing) run(l *crashLedger) error {
	var stderr bytes.Buffer
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), crashPlanKey+"="+k.plan.String())
	c.Stderr = &stderr
	out, err := c.StdoutPipe()
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return err
	}
	var timers []*time.Timer
	killAfter := func(d time.Duration) {
		timers = append(timers, time.AfterFunc(d, func() { _ = c.Process.Kill() }))
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		switch line := lines.Text(); line {
		case "opening":
			killAfter(k.opening)
		case "open":
			killAfter(k.opened)
		default:
			l.note(line)
		}
	}
	err = c.Wait()
	for _, timer := range timers {
		timer.Stop()
	}
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.Exited() {
		return fmt.Errorf("the writer ended on its own: %w\n%s", err, stderr.String())
	}
	return nil
}

// crashLedger is what was acknowledged.
type crashLedger struct {
	requests map[int64]*crashRecord

	acked, deletions, expired, compared int

	sent map[int64][]modelRecord // what was made again of requests
}

// records are those of a request.
func (l *crashLedger) records(number int64) []modelRecord {
	list, ok := l.sent[number]
	if !ok {
		_, list = crashRequest(number)
		l.sent[number] = list
	}
	return list
}

// crashRecord is a request that was acknowledged.
type crashRecord struct {
	hour     int64 // in which it was sent
	deleting [tracesPerRequest]bool
	deleted  [tracesPerRequest]bool
	expired  bool // it was seen to be gone
}

func newCrashLedger() *crashLedger {
	return &crashLedger{requests: map[int64]*crashRecord{}, sent: map[int64][]modelRecord{}}
}

// note reads a line of a writer, of which the last may be a part.
func (l *crashLedger) note(line string) {
	var number, more int64
	if n, _ := fmt.Sscanf(line, "request %d %d", &number, &more); n == 2 {
		l.requests[number] = &crashRecord{hour: more}
		l.acked++
	} else if n, _ := fmt.Sscanf(line, "deleting %d %d", &number, &more); n == 2 {
		l.requests[number].deleting[more] = true
	} else if n, _ := fmt.Sscanf(line, "deleted %d %d", &number, &more); n == 2 {
		l.requests[number].deleted[more] = true
		l.deletions++
	}
}

// check opens the store, or a copy of it, and compares.
func (l *crashLedger) check(t *testing.T, plan crashPlan, aside bool) (err error) {
	t.Helper()
	plan.nth = 0
	if aside {
		original := plan.dir
		plan.dir = filepath.Join(t.TempDir(), "copy")
		if err := os.CopyFS(plan.dir, os.DirFS(original)); err != nil {
			return err
		}
		defer os.RemoveAll(plan.dir)
	}
	o := crashOptions(&plan)
	now := crashNow(plan.began) // the clock stands still, so that nothing expires between two questions
	o.now = func() time.Time { return now }
	s, err := OpenDisk(t.Context(), o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if n := s.disk.counts.damagedParts.Load(); n > 0 {
		return fmt.Errorf("%d parts are damaged", n)
	}
	if err := s.disk.expire(); err != nil { // and that nothing expires then that had to before
		return err
	}
	held, err := l.scan(t, s)
	if err != nil {
		return err
	}
	if err := l.judge(held, now); err != nil {
		return err
	}
	return l.checkTraces(t, s, held)
}

// scan reads everything and returns, by request, which records are there.
func (l *crashLedger) scan(t *testing.T, s *Store) (map[int64]map[int64]bool, error) {
	held := map[int64]map[int64]bool{}
	see := func(id int64) error {
		number := id >> 9
		if held[number] == nil {
			held[number] = map[int64]bool{}
		}
		if held[number][id] {
			return fmt.Errorf("record %d of request %d is there twice", id&511, number)
		}
		held[number][id] = true
		return nil
	}
	for b, err := range s.Spans().Scan(t.Context(), storage.Scan{Window: storage.AllTime(), Columns: []storage.Key{modelID}}) {
		if err != nil {
			return nil, err
		}
		for i := range b.Len() {
			if err := see(b.Columns[0].Value(i).Int()); err != nil {
				return nil, err
			}
		}
	}
	for b, err := range s.Logs().ScanLogs(t.Context(), storage.LogScan{Window: storage.AllTime(), WholeRecords: true}) {
		if err != nil {
			return nil, err
		}
		for _, m := range recordsOfLogs(b.Records) {
			if err := see(m.id); err != nil {
				return nil, err
			}
			if err := l.compare(&m); err != nil {
				return nil, err
			}
		}
	}
	return held, nil
}

// compare compares a record with what was sent.
func (l *crashLedger) compare(m *modelRecord) error {
	records := l.records(m.id >> 9)
	l.compared++
	i := int(m.id & 511)
	if i >= len(records) || records[i].signal != m.signal {
		return fmt.Errorf("a record with the id %d is there and was never sent", m.id)
	}
	if got, want := m.line(), records[i].line(); got != want {
		return fmt.Errorf("a record is\n%s, it was sent as\n%s", got, want)
	}
	return nil
}

// judge compares what is there with what was acknowledged.
func (l *crashLedger) judge(held map[int64]map[int64]bool, now time.Time) error {
	for number, ids := range held {
		r := l.requests[number]
		if r == nil {
			r = &crashRecord{} // it was not acknowledged
		}
		if r.expired {
			return fmt.Errorf("request %d had been given up and is there again", number)
		}
		records := l.records(number)
		for i := range records {
			trace := i % tracesPerRequest
			switch there := ids[records[i].id]; {
			case there && r.deleted[trace]:
				return fmt.Errorf("record %d of request %d was deleted and is there", i, number)
			case !there && !r.deleting[trace]:
				return fmt.Errorf("record %d of request %d (acknowledged: %v) is missing, %d of %d are there", i, number, l.requests[number] != nil, len(ids), len(records))
			case there != ids[records[trace].id]:
				return fmt.Errorf("trace %d of request %d is there in part", trace, number)
			}
		}
	}
	for number, r := range l.requests {
		if held[number] != nil || r.expired {
			continue
		}
		records := l.records(number)
		deleted := true
		for i := range min(len(records), tracesPerRequest) {
			deleted = deleted && r.deleting[i]
		}
		if deleted {
			continue
		}
		if now.Sub(time.Unix((r.hour+1)*3600, 0)) < crashAge {
			return fmt.Errorf("request %d of %d records was acknowledged in hour %d and is not there in hour %d", number, len(records), r.hour, now.Unix()/3600)
		}
		r.expired = true
		l.expired++
		delete(l.sent, number)
	}
	return nil
}

// checkTraces fetches every trace of which spans are there, and those that
// were deleted.
func (l *crashLedger) checkTraces(t *testing.T, s *Store, held map[int64]map[int64]bool) error {
	var ids []storage.TraceID
	want := 0
	for number, there := range held {
		if l.records(number)[0].signal == storage.SignalSpans {
			want += len(there)
			for i := range tracesPerRequest {
				ids = append(ids, crashTrace(number, i))
			}
		}
	}
	seen := map[int64]bool{}
	for spans, err := range s.Spans().Traces(t.Context(), ids) {
		if err != nil {
			return err
		}
		for _, m := range recordsOfSpans(spans) {
			if seen[m.id] || !held[m.id>>9][m.id] {
				return fmt.Errorf("record %d of request %d is in its trace: twice %v, in a scan %v", m.id&511, m.id>>9, seen[m.id], held[m.id>>9][m.id])
			}
			seen[m.id] = true
			if err := l.compare(&m); err != nil {
				return err
			}
		}
	}
	if len(seen) != want {
		return fmt.Errorf("traces have %d spans, scans %d", len(seen), want)
	}
	return nil
}
