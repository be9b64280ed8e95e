package catalog

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/heddle-io/heddle/storage"
)

// MaxTombstones is how many tombstones there may be, finished ones included
// until they are forgotten. None is ever given up for another: beyond the
// bound, Add refuses.
const MaxTombstones = 10_000

// Tombstones are the deletions of all tenants. Reads are answered from memory
// and see every acknowledged change.
type Tombstones struct{ c *Catalog }

// Tombstones returns the deletions.
func (c *Catalog) Tombstones() Tombstones { return Tombstones{c} }

// Add stores t with an id of its own and the time of now, and returns what it
// stored. ID, CreatedNs, DoneNs and RowsDeleted of t are not looked at; an
// empty Tenant is DefaultTenant. When Add returns nil, the order survives a
// power cut. Add fails with ErrInvalid for what cannot be an order and with
// storage.ErrTooLarge when there are MaxTombstones. After any other failure
// the order may or may not have been stored.
func (s Tombstones) Add(t Tombstone) (Tombstone, error) {
	t.Tenant = tenantName(t.Tenant)
	t.CreatedNs, t.DoneNs, t.RowsDeleted = s.c.now().UnixNano(), 0, 0
	if t.TraceID != nil {
		id := *t.TraceID
		t.TraceID = &id
	}
	if t.Where != nil {
		where := *t.Where
		t.Where = &where
	}
	if err := t.check(); err != nil {
		return Tombstone{}, describe("add tombstone", err)
	}
	err := s.c.update("add tombstone", whole, func(tx *transaction) (err error) {
		if len(s.c.tombstones) >= MaxTombstones {
			return fmt.Errorf("%w: there are %d tombstones already; try again when pending ones are carried out and finished ones forgotten",
				storage.ErrTooLarge, MaxTombstones)
		}
		if t.ID, err = tx.next(metaTombstone); err != nil {
			return err
		}
		if err := tx.set(tombstoneKey(t.ID), t.encode()); err != nil {
			return err
		}
		tx.then(func() { s.c.tombstones = append(s.c.tombstones, t) })
		return nil
	})
	if err != nil {
		return Tombstone{}, err
	}
	return t, nil
}

// List returns the tombstones of a tenant, or of all when tenant is "*", in
// the order of ids. The caller owns the list.
func (s Tombstones) List(tenant string) ([]Tombstone, error) {
	return s.list(tenant, func(Tombstone) bool { return true })
}

// Pending returns those of List that were not finished.
func (s Tombstones) Pending(tenant string) ([]Tombstone, error) {
	return s.list(tenant, Tombstone.Pending)
}

// AllTenants is the tenant by which List and Pending return everything.
const AllTenants = "*"

func (s Tombstones) list(tenant string, keep func(Tombstone) bool) (list []Tombstone, err error) {
	tenant = tenantName(tenant)
	err = s.c.read("list tombstones", func(*transaction) error {
		s.c.memory.RLock()
		defer s.c.memory.RUnlock()
		for _, t := range s.c.tombstones {
			if (tenant == AllTenants || t.Tenant == tenant) && keep(t) {
				list = append(list, t)
			}
		}
		return nil
	})
	return list, err
}

// Finish notes that a tombstone was carried out now and how many records it
// deleted. Finishing a finished one changes nothing, so that a job may repeat
// its last step after a crash. It fails with ErrNotFound when there is no such
// tombstone.
func (s Tombstones) Finish(id, rowsDeleted uint64) error {
	return s.c.update("finish tombstone", whole, func(tx *transaction) error {
		i, found := slices.BinarySearchFunc(s.c.tombstones, id, byID)
		if !found {
			return fmt.Errorf("%w: tombstone %d", ErrNotFound, id)
		}
		t := s.c.tombstones[i]
		if !t.Pending() {
			return nil
		}
		t.DoneNs, t.RowsDeleted = max(s.c.now().UnixNano(), 1), rowsDeleted
		tx.then(func() { s.c.tombstones[i] = t })
		return tx.set(tombstoneKey(id), t.encode())
	})
}

// Forget removes the tombstones that were finished before a time and returns
// how many they were. Pending ones are never forgotten.
func (s Tombstones) Forget(finishedBeforeNs int64) (n int, err error) {
	err = s.c.update("forget tombstones", whole, func(tx *transaction) error {
		forgotten := map[uint64]bool{}
		for _, t := range s.c.tombstones {
			if len(forgotten) == maxTxnEntries/2 {
				break // so that it stays one transaction; the rest is forgotten by the next call
			}
			if !t.Pending() && t.DoneNs < finishedBeforeNs {
				forgotten[t.ID] = true
				if err := tx.delete(tombstoneKey(t.ID)); err != nil {
					return err
				}
			}
		}
		tx.then(func() {
			n = len(forgotten)
			s.c.tombstones = slices.DeleteFunc(s.c.tombstones, func(t Tombstone) bool { return forgotten[t.ID] })
		})
		return nil
	})
	return n, err
}

func byID(t Tombstone, id uint64) int {
	switch {
	case t.ID < id:
		return -1
	case t.ID > id:
		return 1
	}
	return 0
}

// load fills the memory when the catalog is opened.
func (s Tombstones) load(t *transaction) error {
	return t.scan([]byte{prefixTombstone}, withValues, func(rest, value []byte) error {
		if len(rest) != 8 {
			return fmt.Errorf("%w: tombstone with the id %x", ErrCorrupt, rest)
		}
		tombstone, err := decodeTombstone(binary.BigEndian.Uint64(rest), value)
		if err != nil {
			return err
		}
		s.c.tombstones = append(s.c.tombstones, tombstone)
		return nil
	})
}
