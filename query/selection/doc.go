// Package selection finds the spans that a person selected, and their traces:
// by a predicate, by a TraceQL query, or by both.
//
// Everything that is said of a selection (lists, totals, heatmaps, rates,
// comparisons) reads it through one Search, so that all of it is said of the
// same spans:
//
//   - Newest finds whole traces, the one with the newest selected span first,
//     from any point on, and reads no more than is asked for.
//   - Ranked orders the traces by what only whole traces tell: duration,
//     number of spans, errors; from a few columns of them where the store can
//     decide what is selected.
//   - Each visits all traces, EachOf those of some that are known.
//   - Scan reads the selected spans in columns. Where the store can decide what
//     is selected (Exact), no trace is read for it.
//   - Tally counts the values of the selected spans, on all cores where the store
//     can decide what is selected; a Pair does so of two selections at once.
//   - ReadTraces reads all spans of the traces in columns.
//
// A span is selected when it starts in the window, satisfies the predicate and
// the filter, and is one of those that the query selects in its whole trace.
//
// Work is bounded by a Budget. An answer that it cut short says so in
// Stats.Partial and is true of what was read.
package selection
