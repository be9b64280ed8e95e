package catalog

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
)

// checkLog reads one of badger's logs (*.mem), which a crash leaves behind,
// and finds damage in it. badger takes a log up to the first entry that it
// cannot read and forgets the rest, as is right for an entry that a crash cut
// off. But the catalog syncs each transaction before it begins the next: what
// cannot be read can only be the last one. When two transactions were ended
// behind it, the first of them may be the one that cannot be read, but the
// second proves that it was on disk once.
//
// Damage to the last transaction or two looks like a crash and is not found.
func checkLog(path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if at, ended := lostTransactions(b); ended >= 2 {
		return fmt.Errorf("%w: %s: the entry at byte %d cannot be read, and %d transactions follow it",
			ErrCorrupt, filepath.Base(path), at, ended)
	}
	return nil
}

const (
	logHeadBytes = 20
	endMeta      = 1 << 7 // of the entry that ends a transaction
)

// endKey is the beginning of the key of an entry that ends a transaction.
// Behind it is the time of the transaction in 8 bytes.
var endKey = []byte("!badger!txn")

// lostTransactions returns where the first entry is that cannot be read, and
// how many transactions were ended behind it.
func lostTransactions(b []byte) (at, ended int) {
	at = min(logHeadBytes, len(b))
	for {
		n := entrySize(b[at:])
		if n == 0 {
			break
		}
		at += n
	}
	const head = 5 // meta, user meta, length of the key, of the value, expiry: a byte each
	for next := at; ; {
		i := bytes.Index(b[next:], endKey)
		if i < 0 {
			return at, ended
		}
		if from := next + i - head; from >= at && b[from] == endMeta && entrySize(b[from:]) > 0 {
			ended++
		}
		next += i + len(endKey)
	}
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// entrySize returns the bytes of the entry at the beginning of b, or 0 when
// there is none whose checksum is right.
func entrySize(b []byte) int {
	at := 2 // behind meta and user meta
	var lengths [3]uint64
	for i := range lengths {
		if at > len(b) {
			return 0
		}
		v, n := binary.Uvarint(b[at:])
		if n <= 0 {
			return 0
		}
		lengths[i] = v
		at += n
	}
	key, value := lengths[0], lengths[1]
	room := uint64(len(b) - at)
	if key == 0 || key > room || value > room-key || room-key-value < crc32.Size {
		return 0
	}
	end := at + int(key+value)
	if crc32.Checksum(b[:end], castagnoli) != binary.BigEndian.Uint32(b[end:]) {
		return 0
	}
	return end + crc32.Size
}
