package catalog

import (
	"encoding/binary"
	"errors"
	"testing"
)

// An older or newer program's catalog, or something else's, is told apart
// before anything is read from it.
func TestSchemaIsChecked(t *testing.T) {
	for name, test := range map[string]struct {
		write map[string][]byte // nil deletes
		want  error
	}{
		"this one":        {nil, nil},
		"newer":           {map[string][]byte{string(metaSchema): binary.AppendUvarint(nil, schemaVersion+1)}, ErrNewerSchema},
		"none, with data": {map[string][]byte{string(metaSchema): nil, "x": {1}}, ErrCorrupt},
		"none, tables":    {map[string][]byte{string(metaSchema): nil}, ErrCorrupt},
		"never existed":   {map[string][]byte{string(metaSchema): {0}}, ErrCorrupt},
		"no number":       {map[string][]byte{string(metaSchema): {0xff}}, ErrCorrupt},
	} {
		o, _ := testOptions(t.TempDir())
		c := mustOpen(t, o)
		err := c.update("prepare", whole, func(tx *transaction) error {
			for key, value := range test.write {
				var err error
				if value != nil {
					err = tx.set([]byte(key), value)
				} else {
					err = tx.delete([]byte(key))
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		mustClose(t, c)
		for range 2 { // refusing must not change what is there
			c, err := Open(o)
			if !errors.Is(err, test.want) {
				t.Errorf("%s: got %v, want %v", name, err, test.want)
			}
			if err == nil {
				mustClose(t, c)
			}
		}
	}
}
