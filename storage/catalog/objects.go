package catalog

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"

	"github.com/heddle-io/heddle/storage"
)

// Bounds of saved objects.
const (
	MaxObjectBytes  = 512 << 10 // of one document
	MaxObjects      = 10_000    // of a tenant
	MaxObjectsBytes = 64 << 20  // of all documents of a tenant
)

// AnyRevision makes Put and Delete take an object as it is, whatever its
// revision, and Put create it when there is none.
const AnyRevision = math.MaxUint64

// Object is a saved document: a dashboard, a search, a silence, the state of
// an alert.
type Object struct {
	Kind, ID string // 1 to MaxNameBytes of UTF-8
	// Revision identifies this content of this object: every change has a
	// higher one, and none is used twice, also when an object is deleted and
	// made again.
	Revision             uint64
	CreatedNs, UpdatedNs int64
	JSON                 []byte // a valid document; the holder of the Object owns it
}

// Objects are the saved documents of a tenant.
type Objects struct {
	c      *Catalog
	tenant string
}

// Objects returns the saved documents of a tenant.
func (c *Catalog) Objects(tenant string) Objects { return Objects{c, tenantName(tenant)} }

// Put stores o if the object still has the revision o.Revision, which is what
// the caller read: 0 when there was none. It returns what it stored, with the
// new revision and its times. It fails with ErrConflict when the object has
// another revision, ErrInvalid when the document is not JSON or a name is bad,
// and storage.ErrTooLarge beyond one of the bounds.
func (s Objects) Put(o Object) (Object, error) {
	if err := s.check(o.Kind, o.ID); err != nil {
		return Object{}, describe("save object", err)
	}
	if len(o.JSON) > MaxObjectBytes {
		return Object{}, fmt.Errorf("catalog: save object: %w: %s %q has %d bytes, it may have %d",
			storage.ErrTooLarge, o.Kind, o.ID, len(o.JSON), MaxObjectBytes)
	}
	if !json.Valid(o.JSON) {
		return Object{}, fmt.Errorf("catalog: save object: %w: %s %q is not JSON", ErrInvalid, o.Kind, o.ID)
	}
	o.JSON = append([]byte(nil), o.JSON...)
	err := s.c.update("save object", whole, func(t *transaction) error {
		old, size, err := s.get(t, o.Kind, o.ID)
		if err != nil {
			return err
		}
		if o.Revision != AnyRevision && o.Revision != old.Revision {
			return conflict(o.Kind, o.ID, o.Revision, old.Revision)
		}
		o.UpdatedNs = s.c.now().UnixNano()
		o.CreatedNs = o.UpdatedNs
		if old.Revision != 0 {
			o.CreatedNs = old.CreatedNs
		}
		if o.Revision, err = t.next(metaRevision); err != nil {
			return err
		}
		record := o.encode()
		if err := s.account(t, size, len(record)); err != nil {
			return err
		}
		return t.set(objectKey(s.tenant, o.Kind, o.ID), record)
	})
	if err != nil {
		return Object{}, err
	}
	return o, nil
}

// account adds the change of a record's size to the tenant's usage. A size of
// 0 is no record.
func (s Objects) account(t *transaction, before, after int) error {
	u, err := t.usageOf(s.tenant)
	if err != nil {
		return err
	}
	if before == 0 && u.objects >= MaxObjects {
		return fmt.Errorf("%w: there are %d objects already; delete some", storage.ErrTooLarge, MaxObjects)
	}
	if after > before && u.objectBytes+int64(after-before) > MaxObjectsBytes {
		return fmt.Errorf("%w: objects would have more than %d bytes together; delete some", storage.ErrTooLarge, MaxObjectsBytes)
	}
	u.objectBytes += int64(after - before)
	if before == 0 {
		u.objects++
	}
	if after == 0 {
		u.objects--
	}
	return nil
}

// Get returns an object, or fails with ErrNotFound.
func (s Objects) Get(kind, id string) (o Object, err error) {
	if err := s.check(kind, id); err != nil {
		return Object{}, describe("read object", err)
	}
	err = s.c.read("read object", func(t *transaction) error {
		if o, _, err = s.get(t, kind, id); err == nil && o.Revision == 0 {
			return fmt.Errorf("%w: %s %q", ErrNotFound, kind, id)
		}
		return err
	})
	if err != nil {
		return Object{}, err
	}
	return o, nil
}

// List returns the objects of a kind in the order of their ids.
func (s Objects) List(kind string) (list []Object, err error) {
	if err := s.check(kind, "any"); err != nil {
		return nil, describe("list objects", err)
	}
	err = s.c.read("list objects", func(t *transaction) error {
		return t.scan(kindKey(s.tenant, kind), withValues, func(rest, value []byte) error {
			o, err := decodeObject(kind, string(rest), value)
			if err != nil {
				return err
			}
			list = append(list, o)
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// Delete removes an object if it still has the revision that the caller read,
// or AnyRevision. It fails with ErrNotFound when there is none, and with
// ErrConflict when it has another revision.
func (s Objects) Delete(kind, id string, revision uint64) error {
	if err := s.check(kind, id); err != nil {
		return describe("delete object", err)
	}
	return s.c.update("delete object", whole, func(t *transaction) error {
		old, size, err := s.get(t, kind, id)
		if err != nil {
			return err
		}
		if size == 0 {
			return fmt.Errorf("%w: %s %q", ErrNotFound, kind, id)
		}
		if revision != AnyRevision && revision != old.Revision {
			return conflict(kind, id, revision, old.Revision)
		}
		if err := s.account(t, size, 0); err != nil {
			return err
		}
		return t.delete(objectKey(s.tenant, kind, id))
	})
}

func conflict(kind, id string, read, is uint64) error {
	switch {
	case is == 0:
		return fmt.Errorf("%w: %s %q was deleted", ErrConflict, kind, id)
	case read == 0:
		return fmt.Errorf("%w: %s %q exists already", ErrConflict, kind, id)
	}
	return fmt.Errorf("%w: %s %q was changed meanwhile; read it again", ErrConflict, kind, id)
}

func (s Objects) check(kind, id string) error {
	if err := checkTenant(s.tenant); err != nil {
		return err
	}
	if err := checkName("kind", kind); err != nil {
		return err
	}
	return checkName("id", id)
}

// get returns an object and the size of its record; both are zero when there
// is none.
func (s Objects) get(t *transaction, kind, id string) (Object, int, error) {
	b, err := t.get(objectKey(s.tenant, kind, id))
	if b == nil || err != nil {
		return Object{}, 0, err
	}
	o, err := decodeObject(kind, id, b)
	return o, len(b), err
}

// encode writes everything but kind and id, which are the key.
func (o Object) encode() []byte {
	b := binary.AppendUvarint([]byte{recordVersion}, o.Revision)
	b = binary.AppendVarint(b, o.CreatedNs)
	b = binary.AppendVarint(b, o.UpdatedNs)
	return append(b, o.JSON...)
}

func decodeObject(kind, id string, b []byte) (Object, error) {
	d := decode("object "+kind+" "+id, b)
	o := Object{Kind: kind, ID: id, Revision: d.uvarint(), CreatedNs: d.varint(), UpdatedNs: d.varint()}
	o.JSON = append([]byte(nil), d.rest...)
	d.rest = nil
	if d.err == nil && (o.Revision == 0 || o.Revision == AnyRevision) {
		d.fail("has revision %d", o.Revision)
	}
	if d.err == nil && !json.Valid(o.JSON) {
		d.fail("is not JSON")
	}
	if err := d.end(); err != nil {
		return Object{}, err
	}
	return o, nil
}
