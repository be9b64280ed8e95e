package catalog

import (
	"encoding/binary"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"github.com/heddle-io/heddle/storage"
)

// splitting says what happens to a change that does not fit into one of
// badger's transactions.
type splitting bool

const (
	whole splitting = false // it is refused with storage.ErrTooLarge
	split splitting = true  // it is committed in several
)

// reading says what a scan needs.
type reading bool

const (
	keysOnly   reading = false // values are nil
	withValues reading = true
)

// transaction is badger's with the limits it wants kept.
type transaction struct {
	c         *Catalog
	txn       *badger.Txn
	splitting splitting
	entries   int
	bytes     int
	after     []func()
}

// then runs f when everything was committed, with Catalog.memory held.
func (t *transaction) then(f func()) { t.after = append(t.after, f) }

func (t *transaction) discard() { t.txn.Discard() }

// get returns the value of a key, valid until the transaction ends or is
// flushed, and nil when there is none. A record is never empty.
func (t *transaction) get(key []byte) ([]byte, error) {
	item, err := t.txn.Get(key)
	if err == badger.ErrKeyNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, damaged(key, err)
	}
	var value []byte
	err = item.Value(func(v []byte) error {
		value = v
		return nil
	})
	if err != nil {
		return nil, damaged(key, err)
	}
	return value, nil
}

func damaged(key []byte, err error) error {
	return fmt.Errorf("%w: record %q: %w", ErrCorrupt, key, err)
}

// set writes a record. The transaction keeps key and value.
func (t *transaction) set(key, value []byte) error {
	if err := t.makeRoom(len(key) + len(value)); err != nil {
		return err
	}
	return t.txn.Set(key, value)
}

// delete removes a record, whether it is there or not. The transaction keeps
// the key.
func (t *transaction) delete(key []byte) error {
	if err := t.makeRoom(len(key)); err != nil {
		return err
	}
	return t.txn.Delete(key)
}

func (t *transaction) makeRoom(n int) error {
	n += 64 // badger's own bytes for an entry, amply
	if t.entries+1 > maxTxnEntries || t.bytes+n > maxTxnBytes {
		if t.splitting == whole || t.entries == 0 {
			return fmt.Errorf("%w: a change may have %d bytes and %d records", storage.ErrTooLarge, maxTxnBytes, maxTxnEntries)
		}
		if err := t.commit(); err != nil {
			return err
		}
		t.txn = t.c.db.NewTransaction(true)
		t.entries, t.bytes = 0, 0
	}
	t.entries++
	t.bytes += n
	return nil
}

// commit makes durable what was written.
//
// badger does not survive every failure of a commit: after one in which it
// could not create a file, the next would end the process. And after a failed
// sync nobody knows what the disk has. So the first failure is the last write.
func (t *transaction) commit() error {
	if t.entries == 0 {
		return nil
	}
	if err := t.txn.Commit(); err != nil {
		t.c.failed = err
		return err
	}
	// badger does not sync the directory after creating a log, so the log that
	// holds this change might lose its name in a power cut.
	if t.c.dir != nil {
		if err := t.c.dir.Sync(); err != nil {
			t.c.failed = err
			return fmt.Errorf("sync %s: %w", t.c.options.Dir, err)
		}
	}
	if t.c.written += t.bytes; t.c.written >= memTableBytes/2 {
		t.c.compact()
	}
	return nil
}

// scan calls f for every record whose key begins with prefix, in the order of
// keys, with the key behind the prefix. f must not write, and must not keep
// what it is given.
func (t *transaction) scan(prefix []byte, r reading, f func(rest, value []byte) error) error {
	o := badger.IteratorOptions{Prefix: prefix} // no prefetching: values are in the map already
	it := t.txn.NewIterator(o)
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		item := it.Item()
		rest := item.Key()[len(prefix):]
		if r == keysOnly {
			if err := f(rest, nil); err != nil {
				return err
			}
			continue
		}
		var inner error
		if err := item.Value(func(v []byte) error {
			inner = f(rest, v)
			return nil
		}); err != nil {
			return damaged(item.Key(), err)
		}
		if inner != nil {
			return inner
		}
	}
	return nil
}

// next increments a counter and returns it.
func (t *transaction) next(key []byte) (uint64, error) {
	b, err := t.get(key)
	if err != nil {
		return 0, err
	}
	n, err := counter(key, b)
	if err != nil {
		return 0, err
	}
	return n + 1, t.set(key, binary.AppendUvarint(nil, n+1))
}

// counter decodes a counter; one that is not there is 0.
func counter(key, b []byte) (uint64, error) {
	if b == nil {
		return 0, nil
	}
	n, size := binary.Uvarint(b)
	if size != len(b) {
		return 0, fmt.Errorf("%w: counter %q is %x", ErrCorrupt, key, b)
	}
	return n, nil
}
