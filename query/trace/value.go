package trace

import (
	"strings"

	"github.com/heddle-io/heddle/storage"
)

// FirstValue returns the value of a stored span under a key as
// storage.Scan.Columns defines it: of events and links that of the first that
// has one. It fails on a key that spans do not have.
func FirstValue(s *storage.Spans, row int, key storage.Key) (storage.Value, error) {
	var first storage.Value
	_, err := anyValue(s, row, key, func(v storage.Value) bool {
		first = v
		return true
	})
	return first, err
}

// ErrorKeys are the columns that ErrorAt needs, in its order.
func ErrorKeys() []storage.Key {
	return []storage.Key{storage.KeyStatus, storage.KeyError}
}

// ErrorAt says whether the span in a row of a batch failed, as IsError does.
// status and attribute are the columns of ErrorKeys.
func ErrorAt(status, attribute *storage.Column, row int) bool {
	if status.Types[row] == storage.TypeInt && status.Bits[row] == statusError {
		return true
	}
	return storage.IsErrorValue(attribute, row)
}

// OwnValue returns v with text of its own: keeping it keeps nothing of the
// batch it came from.
func OwnValue(v storage.Value) storage.Value {
	switch v.Type() {
	case storage.TypeString:
		return storage.String(strings.Clone(v.Str()))
	case storage.TypeBytes:
		return storage.Bytes([]byte(v.Str()))
	case storage.TypeArray:
		return storage.Array(strings.Clone(v.Any()))
	case storage.TypeMap:
		return storage.Map(strings.Clone(v.Any()))
	}
	return v
}
