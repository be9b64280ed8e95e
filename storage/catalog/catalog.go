package catalog

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/heddle-io/heddle/storage"
)

// Catalog is an open catalog. It is safe for concurrent use until Close.
//
// Every call holds life for reading; Close takes it for writing, which is how
// it waits. Changes are read-modify-write, one at a time, under write. What is
// kept in memory for reading changes under memory, after the commit. The order
// of the locks is life, write, memory.
type Catalog struct {
	options Options
	log     *slog.Logger
	now     func() time.Time
	db      *badger.DB
	dir     *os.File // to be synced; nil in memory

	life   sync.RWMutex
	closed bool // guarded by life

	write   sync.Mutex
	failed  error             // guarded by write; see ErrFailed
	written int               // bytes since compact; guarded by write
	tenants map[string]*usage // guarded by write; loaded when first needed

	memory     sync.RWMutex
	tombstones []Tombstone       // in the order of ids; written with write and memory held
	losses     map[string]Losses // by tenant; guarded by memory
}

// Open opens the catalog in o.Dir and creates it when there is none. It fails
// with ErrLocked while another process has it open, with ErrNewerSchema when a
// newer program wrote it, and with ErrCorrupt when files are missing or
// damaged. The caller must Close it.
func Open(o Options) (*Catalog, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	c := &Catalog{
		options: o,
		log:     o.Logger.With("component", "catalog"),
		now:     o.Now,
		tenants: map[string]*usage{},
		losses:  map[string]Losses{},
	}
	found, err := c.openFiles()
	if err != nil {
		return nil, err
	}
	err = c.change("open", whole, func(t *transaction) error {
		if err := checkSchema(t, found); err != nil {
			return err
		}
		if c.checkSpace() == nil {
			c.compact() // each time that the catalog was closed left a table
		}
		return c.Tombstones().load(t)
	})
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// Close waits for calls under way, writes what is in memory to disk and makes
// every later call, of Close too, fail with storage.ErrClosed.
func (c *Catalog) Close() error {
	c.life.Lock()
	defer c.life.Unlock()
	if c.closed {
		return closedError("close")
	}
	c.closed = true
	err := c.guarded(c.db.Close)
	if c.dir != nil {
		err = errors.Join(err, c.dir.Close())
	}
	if err != nil {
		return fmt.Errorf("catalog: close: %w", err)
	}
	return nil
}

func closedError(what string) error { return fmt.Errorf("catalog: %s: %w", what, storage.ErrClosed) }

// guarded turns a panic of badger, which is how it meets damaged blocks, into
// an error. A panic in one of badger's own goroutines cannot be caught.
func (c *Catalog) guarded(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			c.log.Error("the catalog's database panicked", "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("%w: the database panicked: %v", ErrCorrupt, p)
		}
	}()
	return f()
}

// read runs f on a snapshot. What f reads is valid until it returns.
func (c *Catalog) read(what string, f func(t *transaction) error) error {
	c.life.RLock()
	defer c.life.RUnlock()
	if c.closed {
		return closedError(what)
	}
	err := c.guarded(func() error {
		t := &transaction{c: c, txn: c.db.NewTransaction(false)}
		defer t.discard()
		return f(t)
	})
	return describe(what, err)
}

// update runs f with the right to write and makes durable what it wrote. Only
// one f runs at a time. When f fails, what it wrote since the last flush is
// forgotten.
func (c *Catalog) update(what string, s splitting, f func(t *transaction) error) error {
	if err := c.checkSpace(); err != nil {
		return describe(what, err)
	}
	return c.change(what, s, f)
}

// change is update without asking for space.
func (c *Catalog) change(what string, s splitting, f func(t *transaction) error) error {
	c.life.RLock()
	defer c.life.RUnlock()
	if c.closed {
		return closedError(what)
	}
	c.write.Lock()
	defer c.write.Unlock()
	if c.failed != nil {
		return fmt.Errorf("catalog: %s: %w: %w; open the catalog again", what, ErrFailed, c.failed)
	}
	err := c.guarded(func() error {
		t := &transaction{c: c, txn: c.db.NewTransaction(true), splitting: s}
		defer t.discard()
		if err := f(t); err != nil {
			return err
		}
		if err := t.commit(); err != nil {
			return err
		}
		c.memory.Lock()
		defer c.memory.Unlock()
		for _, f := range t.after {
			f()
		}
		return nil
	})
	if err != nil {
		c.tenants = map[string]*usage{} // they may count what was not committed
	}
	return describe(what, err)
}

func describe(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("catalog: %s: %w", what, err)
}

// checkSpace refuses to write on a nearly full disk.
func (c *Catalog) checkSpace() error {
	if c.options.Dir == "" {
		return nil
	}
	return c.checkFree(c.options.MinFreeBytes, "to write")
}

// checkFree fails when less than that many bytes are free.
func (c *Catalog) checkFree(bytes int64, what string) error {
	free, err := c.options.free(c.options.Dir)
	if err != nil {
		return err
	}
	if free < uint64(bytes) {
		return fmt.Errorf("%w: %s has %d bytes free, the catalog needs %d %s; free some space",
			storage.ErrOverloaded, c.options.Dir, free, bytes, what)
	}
	return nil
}
