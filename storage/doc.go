// Package storage is heddle's vocabulary for stored telemetry: identifiers,
// keys, values and predicates, the columnar shapes in which spans and log
// records travel, and the contracts that a storage backend fulfils.
//
// The contracts carry what a query needs (window, predicate, projection,
// grouping), so that a backend can push work down to where the columns are,
// be that the embedded store or SQL on a cluster. What a backend cannot do it
// must refuse with an error that wraps errors.ErrUnsupported; it must never
// answer a narrower question than the one it was asked.
//
// # Units
//
// Times are Unix nanoseconds in an int64 (names end in Ns), durations are
// nanoseconds in an int64. A span that starts after the year 2262 cannot be
// represented and is rejected by the writer.
//
// # Conformance
//
// Every backend must pass the suite in package storagetest.
package storage
