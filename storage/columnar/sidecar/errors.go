package sidecar

import (
	"errors"
	"fmt"
)

// Sentinels. Test with errors.Is.
var (
	// ErrCorrupt: the file is not what was written. Errors that wrap it are
	// of type *CorruptError.
	ErrCorrupt = errors.New("sidecar: corrupt index, rebuild it from its part")
	// ErrVersion: the file is of a format that this program does not know.
	ErrVersion = errors.New("sidecar: unknown format version, read it with the version of heddle that wrote it or newer")
	// ErrInvalid: Contents contradict themselves; nothing usable was written.
	ErrInvalid = errors.New("sidecar: invalid contents")
)

// CorruptError says where a file is damaged.
type CorruptError struct {
	Section string // "footer", or the name of a section
	Offset  int64  // in the file, at or shortly before the damage
	Reason  string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("%v: section %s at byte %d: %s", ErrCorrupt, e.Section, e.Offset, e.Reason)
}

func (e *CorruptError) Unwrap() error { return ErrCorrupt }

func corrupt(section string, offset int64, format string, args ...any) error {
	return &CorruptError{section, offset, fmt.Sprintf(format, args...)}
}

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrInvalid}, args...)...)
}
