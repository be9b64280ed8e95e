package parquet

import (
	"errors"
	"fmt"
	"strings"
)

// Sentinels. Test with errors.Is.
var (
	// ErrCorrupt: the file is not what the writer wrote. Errors that wrap it
	// are a *CorruptError. An error of the underlying io.ReaderAt is no
	// corruption and is wrapped as it is, unless the file ends too early.
	ErrCorrupt = errors.New("parquet: corrupt file")
	// ErrInvalid: the writer was given values that do not fit the columns, or
	// was called out of order.
	ErrInvalid = errors.New("parquet: invalid call")
	// ErrTooLarge: a row group exceeds what a page may hold; write fewer rows
	// in a row group or fewer rows in a page.
	ErrTooLarge = errors.New("parquet: too large")
)

// CorruptError says where a file is damaged. It unwraps to ErrCorrupt.
type CorruptError struct {
	Group  int    // row group, -1 when the damage is in the footer
	Column string // "name" or "list.name", "" when the damage is in the footer
	Page   int    // page of the chunk, -1 for its dictionary, -2 for neither
	Offset int64  // in the file, of the part that is damaged
	Reason string
}

func (e *CorruptError) Error() string {
	var b strings.Builder
	b.WriteString(ErrCorrupt.Error())
	switch {
	case e.Group < 0:
		b.WriteString(": footer")
	case e.Page >= 0:
		fmt.Fprintf(&b, ": row group %d, column %q, page %d", e.Group, e.Column, e.Page)
	case e.Page == dictPage:
		fmt.Fprintf(&b, ": row group %d, column %q, dictionary", e.Group, e.Column)
	default:
		fmt.Fprintf(&b, ": row group %d, column %q", e.Group, e.Column)
	}
	fmt.Fprintf(&b, " at offset %d: %s", e.Offset, e.Reason)
	return b.String()
}

func (e *CorruptError) Unwrap() error { return ErrCorrupt }

const (
	dictPage = -1
	noPage   = -2
)
