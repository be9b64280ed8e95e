package columnar

import (
	"fmt"
	"slices"
	"time"

	"github.com/heddle-io/heddle/storage"
)

// ledger knows what a store was told, and judges what it shows.
type ledger struct {
	attempts []*attempt
	byID     map[ledgerKey][]*attempt // of each record
}

type ledgerKey struct {
	signal storage.Signal
	id     int64
}

// attempt is a write. One that failed, or that the power was cut in, may be
// there as a whole or not at all. A sender may try again with the same request.
type attempt struct {
	signal  storage.Signal
	records []modelRecord
	acked   bool
	void    bool           // it was refused: nothing of it may be there
	deleted map[int64]bool // records that were deleted after it
	hour    int64          // of arrival
	expired bool           // it was given up
}

func newLedger() *ledger { return &ledger{byID: map[ledgerKey][]*attempt{}} }

func (l *ledger) begin(signal storage.Signal, records []modelRecord, now time.Time) *attempt {
	a := &attempt{signal: signal, records: records, deleted: map[int64]bool{}, hour: now.Unix() / 3600}
	l.attempts = append(l.attempts, a)
	for _, m := range records {
		key := ledgerKey{signal, m.id}
		l.byID[key] = append(l.byID[key], a)
	}
	return a
}

// delete notes that a deletion was ordered for the records that match.
func (l *ledger) delete(match func(m *modelRecord) bool) {
	for _, a := range l.attempts {
		for i := range a.records {
			if match(&a.records[i]) {
				a.deleted[a.records[i].id] = true
			}
		}
	}
}

// bounds are how often a record may and must be there. The copies of a span
// may have been folded into one.
func (l *ledger) bounds(key ledgerKey) (least, most int) {
	for _, a := range l.byID[key] {
		if a.void || a.expired || a.deleted[key.id] {
			continue
		}
		most++
		if a.acked {
			least++
		}
	}
	if key.signal == storage.SignalSpans {
		least = min(least, 1)
	}
	return least, most
}

// judge compares what a store shows with what it was told. keptFrom is the hour
// from which on everything must be kept.
func (l *ledger) judge(held []modelRecord, keptFrom int64) error {
	counts := map[ledgerKey]int{}
	for i := range held {
		m := &held[i]
		want := newModelRecord(m.signal, m.id)
		if m.line() != want.line() {
			return fmt.Errorf("%v %d is %s, want %s", m.signal, m.id, m.line(), want.line())
		}
		counts[ledgerKey{m.signal, m.id}]++
	}
	l.noteExpired(counts, keptFrom)
	for key := range counts {
		if len(l.byID[key]) == 0 {
			return fmt.Errorf("%v %d is there and was never sent", key.signal, key.id)
		}
	}
	for key, sent := range l.byID {
		least, most := l.bounds(key)
		if n := counts[key]; n < least || n > most {
			var states []string
			for _, a := range sent {
				states = append(states, fmt.Sprintf("{acked %v, refused %v, deleted %v, expired %v, hour %d}", a.acked, a.void, a.deleted[key.id], a.expired, a.hour))
			}
			return fmt.Errorf("%v %d of trace %v, %s is there %d times, want %d to %d: %v", key.signal, key.id, newModelRecord(key.signal, key.id).trace, newModelRecord(key.signal, key.id).user, n, least, most, states)
		}
	}
	return l.judgeWhole(counts)
}

// judgeWhole makes sure that requests are there as a whole or not at all.
func (l *ledger) judgeWhole(counts map[ledgerKey]int) error {
	for _, a := range l.attempts {
		there, missing := 0, 0
		for _, m := range a.records {
			key := ledgerKey{a.signal, m.id}
			if _, most := l.bounds(key); most == 0 {
				continue
			}
			if counts[key] > 0 {
				there++
			} else {
				missing++
			}
		}
		if there > 0 && missing > 0 && !l.mixed(a) {
			return fmt.Errorf("%d of a request of %v are there and %d are not", there, a.signal, missing)
		}
	}
	return nil
}

// mixed says whether a request was sent again and something happened in
// between to a part of it, so that what is there may be of different attempts.
func (l *ledger) mixed(a *attempt) bool {
	return slices.ContainsFunc(a.records, func(m modelRecord) bool {
		sent := l.byID[ledgerKey{a.signal, m.id}]
		return len(sent) > 1 && slices.ContainsFunc(sent, func(b *attempt) bool { return len(b.deleted) > 0 || b.expired })
	})
}

// noteExpired finds out which requests were given up. They must not come back.
func (l *ledger) noteExpired(counts map[ledgerKey]int, keptFrom int64) {
	for _, a := range l.attempts {
		if a.hour >= keptFrom || a.expired || a.void {
			continue
		}
		gone := true
		for _, m := range a.records {
			if !a.deleted[m.id] && counts[ledgerKey{a.signal, m.id}] > 0 {
				gone = false
			}
		}
		// One that may not have been stored at all may come back with the log.
		if a.expired = gone && a.acked; a.expired {
			continue
		}
		// Of several copies some may have been in a part that is gone.
		if twins := l.byID[ledgerKey{a.signal, a.records[0].id}]; len(twins) > 1 && a.acked {
			a.acked = false
		}
	}
}
