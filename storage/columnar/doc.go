// Package columnar keeps spans and log records in memory, in columns. It is
// the first backend of package storage and the head of the durable store: what
// is appended here is what later becomes a part on disk.
//
// A Store is, for each signal, a list of sealed tables and one builder that is
// being filled. States are types: a builder can be appended to, a table can
// only be read or dropped. Memory is bounded by Options.MaxBytes; beyond it
// the oldest table is given up whole, or writes are refused.
//
// DESIGN.md has the numbers, the layout and the snapshot rule.
package columnar
