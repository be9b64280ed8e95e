// Package otlp reads OTLP export requests without pdata: a request of traces
// or logs becomes a few flat slices whose text refers to the bytes of the
// request. Decoding into a structure that was used before allocates nothing.
//
// What is accepted and what it means is exactly what pdata makes of the same
// bytes: fields in any order, unknown ones skipped, the last of a scalar wins,
// repeated occurrences of an embedded message add up, the last of a oneof
// wins, wrong wire types, lengths and ids are refused. There are two
// exceptions, both of which only hostile requests meet:
//
//   - Below storage.MaxAnyDepth levels an array or map is not looked into. Its
//     record is refused by every writer, damaged or not; pdata would use stack
//     for each level.
//   - A request of 2 GiB or more is refused, because text is found by 31-bit
//     offsets.
//
// Fields that nothing here stores (entity references, string table indexes)
// are checked like pdata does and forgotten.
package otlp
