// Package parquet writes and reads the Parquet files of the store. The writer
// is made for columns that are already dictionary-coded in memory; the reader
// decodes one page of one column and touches nothing else of the file.
//
// It knows two shapes: leaves at the top level, and lists of structs of
// leaves. The writer emits standard Parquet that any reader opens; the reader
// reads what the writer emits and refuses what it does not know.
//
// DESIGN.md says byte by byte what is emitted, why, and what it costs.
package parquet
