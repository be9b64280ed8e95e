package catalog

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// schemaVersion is the layout of keys.go. Raise it when an older program would
// misread what this one writes, and migrate in checkSchema. New kinds of
// records and new versions of a record's value do not need it.
const schemaVersion = 1

// checkSchema compares the schema of the database with the program's and marks
// a new database. found says that there were tables before, so that a database
// in which there is nothing lost what it had.
func checkSchema(t *transaction, found bool) error {
	b, err := t.get(metaSchema)
	if err != nil {
		return err
	}
	version, err := counter(metaSchema, b)
	if err != nil {
		return err
	}
	switch {
	case version == schemaVersion:
		return nil
	case version > schemaVersion:
		return fmt.Errorf("%w: %s has schema %d, this program knows %d; use the newer program, or restore a backup made before the upgrade",
			ErrNewerSchema, t.c.options.Dir, version, schemaVersion)
	case b != nil:
		return fmt.Errorf("%w: %s has schema %d, which never existed; %s", ErrCorrupt, t.c.options.Dir, version, remedy)
	}
	if !found {
		found, err = t.any()
		if err != nil {
			return err
		}
	}
	if found {
		return fmt.Errorf("%w: %s holds data without a schema: it is no catalog, or lost what was written first; %s",
			ErrCorrupt, t.c.options.Dir, remedy)
	}
	return t.set(metaSchema, binary.AppendUvarint(nil, schemaVersion))
}

// any says whether there is any record.
func (t *transaction) any() (bool, error) {
	stop := errors.New("found")
	err := t.scan(nil, keysOnly, func(_, _ []byte) error { return stop })
	if err == stop {
		return true, nil
	}
	return false, err
}
