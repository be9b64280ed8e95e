package catalog

import "errors"

// Sentinels. Test with errors.Is. Besides them, methods fail with
// storage.ErrClosed after Close, storage.ErrTooLarge for what exceeds a bound,
// and storage.ErrOverloaded when the disk is nearly full; with any of the
// three nothing was changed. Errors of badger are told in text only: badger's
// own wrapping does not unwrap.
var (
	// ErrLocked: another process has the catalog open.
	ErrLocked = errors.New("catalog: in use by another process")
	// ErrCorrupt: what is on disk is not what was written there.
	ErrCorrupt = errors.New("catalog: damaged")
	// ErrNewerSchema: a newer version of the program wrote the catalog.
	ErrNewerSchema = errors.New("catalog: written by a newer version")
	// ErrFailed: an earlier write failed in a way that leaves the database in
	// doubt. Reads go on, writes are refused until the catalog is opened again.
	ErrFailed = errors.New("catalog: an earlier write failed")
	// ErrNotFound: there is no such object, setting or tombstone.
	ErrNotFound = errors.New("catalog: not found")
	// ErrConflict: the object has another revision than the caller read.
	ErrConflict = errors.New("catalog: revision conflict")
	// ErrInvalid: an argument breaks the method's contract.
	ErrInvalid = errors.New("catalog: invalid argument")
)
