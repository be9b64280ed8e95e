// Package traceql is TraceQL: it parses queries over traces, searches for
// traces and computes metrics from spans.
//
// Parse reads a query and finds every mistake that the text alone shows,
// types included. Search finds traces, newest first; Range and Instant
// evaluate queries that end in a metrics function. Stream, StreamRange and
// StreamInstant hand out what is certain of an answer while it goes on.
//
// A query is answered from whole, rebuilt traces (package trace): wherever and
// whenever their spans were stored, orphans and broken trees included. What a
// condition says about single spans is given to the store, so that only traces
// that can match are read; metrics that depend on single spans only are
// aggregated by the store and read no trace at all.
//
// What an answer leaves out it says (Stats.Partial); what cannot be answered
// is refused with a reason. DESIGN.md has the semantics where the language's
// documentation leaves a choice, and what is refused.
package traceql
