package columnar

import (
	"math/rand/v2"
	"strings"
	"sync"

	"github.com/heddle-io/heddle/storage/vfs"
)

// weather is what is wrong with a disk at the moment.
type weather uint8

const (
	fine      weather = iota
	badWrites         // writes, syncs and changes of names fail now and then
	badReads          // reads of parts fail now and then
	flips             // reads of parts have wrong bits now and then
	noSpace           // the disk is full
	cutSoon           // the power is cut in some operation
)

// weatherFS is a disk whose weather changes.
type weatherFS struct {
	vfs.FS
	mem *vfs.Mem

	mu     sync.Mutex
	rng    *rand.Rand
	now    weather
	chance float64
	left   int // operations before the power is cut
	after  *vfs.Mem
	done   int // faults so far
}

func newWeatherFS(mem *vfs.Mem, seed uint64) *weatherFS {
	w := &weatherFS{mem: mem, rng: rand.New(rand.NewPCG(seed, 7))}
	w.FS = vfs.Inject(mem, w.before)
	return w
}

// set changes the weather.
func (w *weatherFS) set(now weather) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = now
	w.chance = []float64{0.02, 0.1, 0.3}[w.rng.IntN(3)]
	w.left = w.rng.IntN(60)
	capacity := int64(0)
	if now == noSpace {
		if space, err := w.mem.DiskSpace("/"); err == nil {
			capacity = space.TotalBytes - space.FreeBytes + w.rng.Int64N(20_000) + 1
		}
	}
	w.mem.SetCapacity(capacity)
}

// often makes faults as frequent as they get.
func (w *weatherFS) often(chance float64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.chance = chance
}

// crash cuts the power, unless it was cut, and returns what is found then.
func (w *weatherFS) crash() *vfs.Mem {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut()
	return w.after
}

func (w *weatherFS) cut() {
	if w.after == nil {
		w.after = w.mem.Crash(w.rng.Uint64())
	}
}

func (w *weatherFS) powerless() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.after != nil
}

// before is the hook.
func (w *weatherFS) before(op vfs.Op) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	inPart := strings.Contains(op.Path, "/data/spans/") || strings.Contains(op.Path, "/data/logs/") || strings.Contains(op.Path, "/default/")
	switch w.now {
	case cutSoon:
		if w.left--; w.left < 0 {
			w.cut()
		}
		return nil
	case badWrites:
		switch op.Kind {
		case vfs.OpRead, vfs.OpOpen, vfs.OpReadDir, vfs.OpStat, vfs.OpLock, vfs.OpDiskSpace:
			return nil
		}
		if w.rng.Float64() >= w.chance {
			return nil
		}
		w.done++
		if op.Kind == vfs.OpWrite && w.rng.IntN(2) == 0 {
			return &vfs.ShortWriteError{Bytes: int(w.rng.Int64N(op.Bytes + 1)), Err: errDisk}
		}
		return errDisk
	case badReads:
		if inPart && (op.Kind == vfs.OpRead || op.Kind == vfs.OpOpen) && w.rng.Float64() < w.chance {
			w.done++
			return errDisk
		}
	case flips:
		if inPart && op.Kind == vfs.OpRead && w.rng.Float64() < w.chance {
			w.done++
			return &vfs.BitFlipError{Bit: w.rng.Int64N(1 << 40)}
		}
	}
	return nil
}
