package vfs

import (
	"math/rand/v2"
	"slices"
)

// sectorBytes is what a disk writes in one piece.
const sectorBytes = 512

// memWrite is a write that is not on the disk for sure. It holds whole
// sectors, as they were after it (the last one up to the end of the file),
// because whole sectors are written.
type memWrite struct {
	at       int64 // multiple of sectorBytes, except when it truncates
	sectors  []byte
	size     int64 // of the file after it
	truncate bool  // the file was cut or extended to size
}

func (n *memNode) append(p []byte) {
	if len(p) == 0 {
		return
	}
	at := int64(len(n.data)) / sectorBytes * sectorBytes
	n.data = append(n.data, p...)
	n.writes = append(n.writes, memWrite{at: at, sectors: slices.Clone(n.data[at:]), size: int64(len(n.data))})
}

func (n *memNode) truncate(size int64) {
	n.data = resize(n.data, size)
	n.writes = append(n.writes, memWrite{size: size, truncate: true})
}

func resize(b []byte, size int64) []byte {
	if int64(len(b)) >= size {
		return b[:size]
	}
	return append(b, make([]byte, size-int64(len(b)))...)
}

// sync puts the writes on the disk. After a sync that failed the disk may
// differ from data elsewhere, and stays so.
func (n *memNode) sync() {
	for _, w := range n.writes {
		if w.truncate {
			n.disk = resize(n.disk, w.size)
		} else {
			n.disk = w.apply(n.disk, 0, len(w.sectors))
		}
	}
	n.writes = nil
	n.disk = resize(n.disk, int64(len(n.data)))
}

// failSync leaves on the disk what a crash would, and then takes everything
// for clean as the kernel does: no later sync will write it.
func (n *memNode) failSync(rng *rand.Rand) {
	n.disk = n.survivingData(rng)
	n.writes = nil
}

// apply copies a part of the written sectors, which begins with a sector.
func (w *memWrite) apply(disk []byte, from, to int) []byte {
	if end := w.at + int64(to); int64(len(disk)) < end {
		disk = resize(disk, end)
	}
	copy(disk[w.at+int64(from):], w.sectors[from:to])
	return disk
}

// eachSector calls f with the bounds of every sector in w.
func (w *memWrite) eachSector(f func(sector int64, from, to int)) {
	for from := 0; from < len(w.sectors); from += sectorBytes {
		f((w.at+int64(from))/sectorBytes, from, min(from+sectorBytes, len(w.sectors)))
	}
}

// survivingData picks what is on the disk when the power is cut now.
func (n *memNode) survivingData(rng *rand.Rand) []byte {
	disk := slices.Clone(n.disk)
	if len(n.writes) == 0 {
		return disk
	}
	switch rng.IntN(4) {
	case 0:
		return disk
	case 1:
		return survivingPrefix(disk, n.writes, len(n.writes), rng)
	case 2:
		return survivingPrefix(disk, n.writes, rng.IntN(len(n.writes)), rng)
	}
	return survivingSectors(disk, n.writes, rng)
}

// survivingPrefix applies the first writes in order, and the next one torn. The
// size may have been written before the data, which then reads as zeros.
func survivingPrefix(disk []byte, writes []memWrite, whole int, rng *rand.Rand) []byte {
	for _, w := range writes[:whole] {
		if w.truncate {
			disk = resize(disk, w.size)
		} else {
			disk = w.apply(disk, 0, len(w.sectors))
		}
	}
	if whole == len(writes) || writes[whole].truncate {
		return disk
	}
	torn := writes[whole]
	size := int64(len(disk))
	if rng.IntN(2) == 0 {
		size = torn.size
	}
	keep := rng.IntN(len(torn.sectors)/sectorBytes+1) * sectorBytes
	disk = torn.apply(disk, 0, keep)
	return resize(disk, max(size, int64(len(disk))))
}

// survivingSectors decides for each sector up to which of its writes it got,
// and independently for the file's size.
func survivingSectors(disk []byte, writes []memWrite, rng *rand.Rand) []byte {
	size, sizes := int64(len(disk)), rng.IntN(len(writes)+1)
	if sizes > 0 {
		size = writes[sizes-1].size
	}
	left := map[int64]int{} // writes of a sector, then those of them still to be applied
	for _, w := range writes {
		w.eachSector(func(sector int64, _, _ int) { left[sector]++ })
	}
	decided := map[int64]bool{}
	for i, w := range writes {
		if w.truncate && i < sizes {
			disk = resize(disk, w.size)
		}
		w.eachSector(func(sector int64, from, to int) {
			if !decided[sector] {
				decided[sector] = true
				left[sector] = rng.IntN(left[sector] + 1)
			}
			if left[sector] > 0 {
				left[sector]--
				disk = w.apply(disk, from, to)
			}
		})
	}
	return resize(disk, size)
}
