// Package sidecar reads and writes the .idx file beside each part: what can be
// answered about a part without opening its Parquet file. Where a trace is,
// whether a value can occur in a row group, the rates, errors and durations per
// service and minute, the calls between services, the keys that occur.
//
// A file is written at once from Contents and never changed. An Index reads
// only the footer when it is opened; every section is read when it is asked
// for, in pieces where a piece is enough, and whatever is read has its checksum
// compared first. A damaged index is never a wrong answer, only an error that
// wraps ErrCorrupt; the part still has everything, so an index can be rebuilt.
//
// DESIGN.md has the format byte by byte and what it costs.
package sidecar
