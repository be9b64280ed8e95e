package columnar

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/heddle-io/heddle/storage/columnar/manifest"
)

// weighing is a part of which is known what it takes when it is decoded.
func weighing(p manifest.Part, bytes int64) *livePart {
	live := &livePart{Part: p}
	live.decoded.Store(bytes)
	return live
}

// partsOf makes parts from lines like "5.1x100/7": arrived in hour 5, of level
// 1, of 100 rows that take 7 bytes decoded, or 1 if that is left out.
func partsOf(t testing.TB, text string) (list []*livePart) {
	t.Helper()
	for i, field := range strings.Fields(text) {
		field, weight, _ := strings.Cut(field, "/")
		bytes, _ := strconv.ParseInt(weight, 10, 64)
		p := manifest.Part{ID: fmt.Sprintf("%03d", i), MinLSN: uint64(10*i + 1), MaxLSN: uint64(10*i + 10)}
		if _, err := fmt.Sscanf(field, "%d.%dx%d", &p.Hour, &p.Level, &p.Rows); err != nil {
			t.Fatalf("%q: %v", field, err)
		}
		list = append(list, weighing(p, max(bytes, 1)))
	}
	return list
}

func TestChooseMerge(t *testing.T) {
	for _, c := range []struct{ name, parts, want string }{
		{"nothing", "", ""},
		{"one", "9.0x10", ""},
		{"too few of a level", "9.0x10 9.0x10 9.0x10 9.0x10 9.0x10 9.0x10 9.0x10", ""},
		{"eight of a level", strings.Repeat("9.0x10 ", 9), "0 1 2 3 4 5 6 7 8 to level 1"},
		{"levels are not mixed", strings.Repeat("9.1x80 ", 7) + strings.Repeat("9.0x10 ", 7), ""},
		{"the second level", strings.Repeat("9.1x80 ", 8) + "9.0x10", "0 1 2 3 4 5 6 7 to level 2"},
		{"no larger than a part may be", strings.Repeat("9.0x300 ", 8), "0 1 2 to level 1"},
		{"two that fill a part", "9.0x600 9.0x300 9.0x600", "0 1 to level 1"},
		{"large ones are left alone", "9.0x600 9.0x600 9.0x1000", ""},
		{"larger than a part may be", "9.0x5000 9.0x5000", ""},
		{"not over hours", strings.Repeat("8.0x10 ", 7) + "9.0x10", ""},
		{"an hour that has ended", "5.0x10 5.1x80 9.0x10", "0 1 to level 2"},
		{"the hour before may still get some", "8.0x10 8.0x10", ""},
		{"an ended hour comes to few parts", "5.0x10 5.3x900 5.1x200 5.2x600 5.0x30", "0 2 4 to level 2"},
		{"one small part is left there", "5.3x900 5.0x20 5.3x600", ""},
		{"no heavier than a part may be", strings.Repeat("9.0x10/300 ", 8), "0 1 2 to level 1"},
		{"heavy ones are left alone", "9.0x10/600 9.0x10/600 9.0x10/1000", ""},
		{"heavier than a part may be", "9.0x10/5000 9.0x10/5000 " + strings.Repeat("9.0x10 ", 8), "2 3 4 5 6 7 8 9 to level 1"},
		{"heavy by one, large by the other", "9.0x600/10 9.0x10/600 9.0x300/600", "0 1 to level 1"},
		{"an ended hour with a heavy part", "5.0x10 5.0x10/600 5.0x30", "0 2 to level 1"},
		{"an ended hour comes to heavy parts", "5.0x10/400 5.0x10/400 5.0x10/400 5.0x10", "0 1 to level 1"},
		{"half full parts come together", "5.3x500 5.3x500 5.0x20", "0 1 to level 4"},
	} {
		got := ""
		if job := chooseMerge(partsOf(t, c.parts), mergeLimits{1000, 1000}, 9); job != nil {
			for _, p := range job.parts {
				got += strings.TrimLeft(p.ID[:2], "0") + p.ID[2:] + " "
			}
			got += fmt.Sprintf("to level %d", job.level)
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestMergingConverges flushes parts of all sizes while merges take their
// time, and counts what that leaves and how often a row is written: at most
// once for each level, of which 1,000 parts have three, and once in the end.
// It is the same when bytes are what fills a part.
func TestMergingConverges(t *testing.T) {
	const partRows, flushes = 40_000, 1000
	limits := map[string]mergeLimits{"rows": {partRows, math.MaxInt64}, "bytes": {math.MaxInt, partRows}}
	for name, rows := range map[string]func(r *rand.Rand) uint64{
		"even":           func(*rand.Rand) uint64 { return 100 },
		"tiny":           func(r *rand.Rand) uint64 { return 1 + r.Uint64N(3) },
		"mixed":          func(r *rand.Rand) uint64 { return 1 + r.Uint64N(200) },
		"few large ones": func(r *rand.Rand) uint64 { return []uint64{1, 1, 1, 1, 3000}[r.IntN(5)] },
		"half a part":    func(*rand.Rand) uint64 { return partRows/2 + 1 },
	} {
		for _, during := range []int{0, 1, 3, 7, 20} { // parts that are flushed while one merge is done
			for what, limit := range limits {
				t.Run(fmt.Sprintf("%s/%d beside each merge/%s", name, during, what), func(t *testing.T) {
					m := mergeWorld{rng: rand.New(rand.NewPCG(1, uint64(during))), rows: rows, limits: limit, flushes: flushes}
					most := 0
					for m.flushes > 0 {
						m.flush()
						for m.merge(9, during) {
						}
						most = max(most, len(m.parts))
					}
					for m.merge(11, 0) { // the hour has ended
					}
					small := 0
					for _, p := range m.parts {
						if p.Rows < partRows/2 {
							small++
						}
					}
					full := int(m.total/partRows) + 1
					t.Logf("%d rows: %.2f times rewritten, at most %d parts, %d in the end, %d less than half full", m.total, float64(m.rewritten)/float64(m.total), most, len(m.parts), small)
					if len(m.parts) > 2*full || small > 1 {
						t.Errorf("%d parts are left, %d of them less than half full; %d rows fill %d", len(m.parts), small, m.total, full)
					}
					if most > 2*full+4*8 {
						t.Errorf("there were up to %d parts", most)
					}
					if m.rewritten > 4*m.total {
						t.Errorf("each row was rewritten %.1f times", float64(m.rewritten)/float64(m.total))
					}
				})
			}
		}
	}
}

// TestMergesTakeTurns has more to merge of spans than can be done: log records
// are merged too, and a deletion that is late comes first.
func TestMergesTakeTurns(t *testing.T) {
	d := &disk{opts: DiskOptions{PartRows: 1000, DeleteWithin: time.Hour, now: func() time.Time { return time.Unix(9*3600, 0) }}}
	many := strings.Repeat("9.0x10 ", 20)
	v := &version{spans: partsOf(t, many+"9.5x900"), logs: partsOf(t, many)}
	for _, p := range v.spans {
		p.Signal = manifest.Spans
	}
	for _, p := range v.logs {
		p.Signal = manifest.Logs
	}
	seen := map[manifest.Signal]int{}
	for range 10 {
		seen[d.chooseJob(v, nil).parts[0].Signal]++
	}
	if seen[manifest.Spans] != 5 || seen[manifest.Logs] != 5 {
		t.Errorf("merges by signal: %v", seen)
	}
	deletion := &tombstone{id: 1, lsn: 300, spans: true, deadlineNs: d.opts.now().Add(50 * time.Minute).UnixNano()}
	if job := d.chooseJob(v, []*tombstone{deletion}); len(job.parts) == 1 {
		t.Error("a deletion is carried out at once although there is time until its deadline")
	}
	deletion.deadlineNs = d.opts.now().Add(40 * time.Minute).UnixNano()
	if job := d.chooseJob(v, []*tombstone{deletion}); len(job.parts) != 1 {
		t.Error("a deletion of which a quarter of the time has passed has to wait")
	}
}

// mergeWorld does what a disk does with its list of parts.
type mergeWorld struct {
	rng              *rand.Rand
	rows             func(*rand.Rand) uint64
	limits           mergeLimits
	names            int
	flushes          int // to come
	lsn              uint64
	parts            []*livePart
	total, rewritten uint64
}

func (m *mergeWorld) add(p manifest.Part) {
	m.names++
	p.ID, p.Hour = fmt.Sprintf("%08d", m.names), 9
	m.parts = append(m.parts, weighing(p, int64(p.Rows)))
	sortParts(m.parts)
}

func (m *mergeWorld) flush() {
	if m.flushes == 0 {
		return
	}
	m.flushes--
	rows := m.rows(m.rng)
	m.total += rows
	m.add(manifest.Part{Rows: rows, MinLSN: m.lsn + 1, MaxLSN: m.lsn + rows})
	m.lsn += rows
}

func (m *mergeWorld) merge(hour int64, during int) bool {
	job := chooseMerge(m.parts, m.limits, hour)
	if job == nil {
		return false
	}
	made := manifest.Part{Level: job.level, MinLSN: job.parts[0].MinLSN}
	for _, p := range job.parts {
		made.Rows += p.Rows
		made.MinLSN, made.MaxLSN = min(made.MinLSN, p.MinLSN), max(made.MaxLSN, p.MaxLSN)
	}
	gone := slices.Clone(job.parts)
	for range during {
		m.flush()
	}
	m.parts = slices.DeleteFunc(m.parts, func(p *livePart) bool { return slices.Contains(gone, p) })
	m.rewritten += made.Rows
	m.add(made)
	return true
}
