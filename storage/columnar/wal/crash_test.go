package wal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/heddle-io/heddle/storage/storagetest"
	"github.com/heddle-io/heddle/storage/vfs"
)

// ledger is what the callers of a log know.
type ledger struct {
	mu       sync.Mutex
	payloads map[uint64][][]byte // all that were ever given that LSN
	acked    map[uint64][]byte
	refused  map[uint64]bool // Wait said ErrFailed, since the log was opened
	released uint64
	number   int

	lastAcked  uint64 // since then, too
	maxPayload int
}

func newLedger(rng *rand.Rand) *ledger {
	return &ledger{maxPayload: 20 + rng.IntN(1500), payloads: map[uint64][][]byte{}, acked: map[uint64][]byte{}, refused: map[uint64]bool{}}
}

// write enqueues records and waits for them until the log refuses, or enough
// were written.
func (b *ledger) write(l *Log, rng *rand.Rand, records int) {
	clear(b.refused)
	b.lastAcked = 0
	var waits sync.WaitGroup
	for range records {
		b.mu.Lock()
		b.number++
		payload := fmt.Appendf(nil, "record %d ", b.number)
		payload = append(payload, bytes.Repeat([]byte{byte(b.number)}, rng.IntN(b.maxPayload))...)
		lsn, err := l.Enqueue(1, 1, "default", payload)
		if err != nil {
			b.mu.Unlock()
			break
		}
		b.payloads[lsn] = append(b.payloads[lsn], payload)
		b.mu.Unlock()
		wait := func() {
			err := l.Wait(context.Background(), lsn)
			b.mu.Lock()
			defer b.mu.Unlock()
			switch {
			case err == nil:
				b.acked[lsn] = payload
				b.lastAcked = max(b.lastAcked, lsn)
			case errors.Is(err, ErrFailed):
				b.refused[lsn] = true
			}
		}
		switch rng.IntN(10) {
		case 0, 1, 2, 3:
			wait()
		case 4:
			b.mu.Lock()
			released := b.released + uint64(rng.IntN(4))
			for b.released < released && b.acked[b.released+1] != nil {
				b.released++
			}
			b.mu.Unlock()
			l.Release(b.released)
			waits.Go(wait)
		default:
			waits.Go(wait)
		}
	}
	waits.Wait()
}

// check compares a log with the ledger. With strict nothing that was
// acknowledged may be missing.
func (b *ledger) check(l *Log, strict bool) error {
	found := map[uint64]bool{}
	last := uint64(0)
	var wrong error
	err := l.Replay(b.released+1, nil, func(r Record) error {
		if r.LSN <= last {
			wrong = fmt.Errorf("LSN %d comes after %d", r.LSN, last)
		}
		last = r.LSN
		found[r.LSN] = true
		known := false
		for _, p := range b.payloads[r.LSN] {
			known = known || bytes.Equal(p, r.Payload)
		}
		if acked := b.acked[r.LSN]; acked != nil {
			known = bytes.Equal(acked, r.Payload)
		}
		if !known || r.Tenant != "default" {
			wrong = fmt.Errorf("LSN %d came back with another payload", r.LSN)
		}
		return nil
	})
	for lsn := range b.refused {
		if found[lsn] && b.lastAcked > lsn {
			return fmt.Errorf("LSN %d was refused, the log went on, and it came back", lsn)
		}
	}
	for lsn := range b.acked {
		if strict && lsn > b.released && !found[lsn] {
			return fmt.Errorf("LSN %d was acknowledged and is gone", lsn)
		}
	}
	return errors.Join(err, wrong)
}

// TestPowerCuts cuts the power, or kills the process, at any operation of the
// file system, also while the log is opened, time after time. With faults, other operations fail, too.
func TestPowerCuts(t *testing.T) {
	cases := []struct {
		name       string
		durability Durability
		faults     bool
	}{
		{"sync", Sync, false}, {"sync with faults", Sync, true},
		{"interval", Interval, false}, {"interval with faults", Interval, true},
		{"none", None, false},
	}
	seeds := storagetest.Fewer(uint64(250))
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for seed := firstSeed(); seed < firstSeed()+seeds; seed++ {
				if err := cutPower(seed, c.durability, c.faults); err != nil {
					t.Fatalf("HEDDLE_WAL_SEED=%d: %v", seed, err)
				}
			}
		})
	}
}

// firstSeed is where the seeds begin. The scheduler has a say in what happens,
// so a seed may need some runs (-count) to fail again.
func firstSeed() uint64 {
	seed, _ := strconv.ParseUint(os.Getenv("HEDDLE_WAL_SEED"), 10, 64)
	return seed
}

func cutPower(seed uint64, durability Durability, faults bool) error {
	rng := rand.New(rand.NewPCG(seed, 0))
	disk := vfs.NewMem()
	b := newLedger(rng)
	opts := Options{Durability: durability, SegmentBytes: minSegmentBytes << rng.IntN(4), Interval: time.Millisecond}
	// A sync that fails behind an acknowledgement, or where the log is opened,
	// may lose frames. The log says so at once, and again when it is opened.
	var warned, warnedOfAcked, dead atomic.Bool
	opts.OnError = func(err error) {
		if strings.Contains(err.Error(), "a power cut may take") && !dead.Load() {
			warned.Store(true)
			warnedOfAcked.Store(warnedOfAcked.Load() || strings.Contains(err.Error(), "acknowledged"))
		}
	}
	for round := range 4 {
		var operations atomic.Int64
		cutAt := int64(rng.IntN(150))
		var after *vfs.Mem
		before := disk
		faulty := vfs.FailRandomly(seed+uint64(round), 0.03, syscall.EIO,
			vfs.OpWrite, vfs.OpSync, vfs.OpSyncDir, vfs.OpTruncate, vfs.OpCreate, vfs.OpRename, vfs.OpRemove)
		onlyKill := rng.IntN(4) == 0 // then what was not synced waits for the next power cut
		end := func() {
			if after = before; !onlyKill {
				after = before.Crash(seed)
			}
		}
		var once sync.Once
		fsys := vfs.Inject(disk, func(op vfs.Op) error {
			if operations.Add(1) >= cutAt {
				dead.Store(true)
				once.Do(end)
				return vfs.ErrKilled
			}
			if faults {
				return faulty(op)
			}
			return nil
		})
		l, rec, err := Open(fsys, "data/wal", opts)
		if err == nil {
			if !rec.Clean() && !warned.Load() && operations.Load() < cutAt {
				_ = l.Close()
				return fmt.Errorf("round %d: without damage it says %+v", round, rec)
			}
			b.write(l, rng, 60)
			_ = l.Close()
		}
		once.Do(end)
		disk = after
		dead.Store(false)

		// Whoever was acknowledged must be there; a second look must see the same.
		for range 2 {
			l, rec, err = Open(disk, "data/wal", opts)
			if err != nil {
				return err
			}
			if durability == Sync && warnedOfAcked.Load() {
				return errors.New("it says that frames may be lost, with Durability Sync")
			}
			if !rec.Clean() && !warned.Load() {
				err = fmt.Errorf("it says %+v", rec)
			}
			err = errors.Join(err, b.check(l, durability == Sync), l.Close())
			if err != nil {
				return fmt.Errorf("round %d: %w", round, err)
			}
		}
		if durability != Sync {
			// What a power cut took it may take, and no LSN of it is missed any more.
			b.forget(l)
		}
	}
	return nil
}

// forget starts over with what the log has now.
func (b *ledger) forget(l *Log) {
	next := l.Stats().LastLSN
	for lsn := range b.acked {
		if lsn > next {
			delete(b.acked, lsn)
		}
	}
	b.released = min(b.released, next)
}

// TestKills ends the process at any operation: whatever Durability is, what
// was acknowledged is in the page cache.
func TestKills(t *testing.T) {
	for _, durability := range []Durability{Sync, Interval, None} {
		for seed := firstSeed(); seed < firstSeed()+60; seed++ {
			rng := rand.New(rand.NewPCG(seed, 0))
			disk, b := vfs.NewMem(), newLedger(rng)
			opts := Options{Durability: durability, SegmentBytes: minSegmentBytes}
			for range 3 {
				var operations atomic.Int64
				killAt := int64(rng.IntN(120))
				fsys := vfs.Inject(disk, func(vfs.Op) error {
					if operations.Add(1) >= killAt {
						return vfs.ErrKilled
					}
					return nil
				})
				if l, _, err := Open(fsys, "data/wal", opts); err == nil {
					b.write(l, rng, 60)
					_ = l.Close()
				}
				l, rec := open(t, disk, opts)
				if err := b.check(l, true); err != nil || !rec.Clean() {
					t.Fatalf("%v, HEDDLE_WAL_SEED=%d: %v, %+v", durability, seed, err, rec)
				}
				must(t, l.Close())
			}
		}
	}
}
