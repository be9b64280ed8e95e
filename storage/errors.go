package storage

import "errors"

// Sentinels. Test with errors.Is. A backend wraps them with what was asked and
// what to do about it. What it cannot evaluate it refuses with an error that
// wraps errors.ErrUnsupported of the standard library.
var (
	// ErrClosed: the store was closed.
	ErrClosed = errors.New("storage: closed")
	// ErrOverloaded: nothing of the write was taken; the sender should retry later.
	ErrOverloaded = errors.New("storage: overloaded")
	// ErrMalformed: the request is not what it claims to be; nothing of it was taken.
	ErrMalformed = errors.New("storage: malformed request")
	// ErrTooLarge: the answer exceeds a bound that the query or the store sets.
	ErrTooLarge = errors.New("storage: too large")
)
