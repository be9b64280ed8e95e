// Package trace rebuilds traces from stored spans.
//
// What senders deliver is rarely a clean tree: exporters retry, proxies share
// span ids with the service behind them, parents are lost or late, clocks
// disagree, ids are reused. Build states what it found instead of drawing a
// confident, wrong tree:
//
//   - Spans that are the same in every field fold into one (Duplicates).
//   - Spans with one id and one kind but other content are all kept and
//     flagged (Conflict).
//   - A client and a server span with one id, as Zipkin's B3 propagation
//     writes them, become parent and child (SharedID). Children of that id go
//     to the half that ran in their own service, else on their own host, else
//     to the innermost half that contains them in time.
//   - A span whose parent is not stored is an orphan: it stands at the top
//     level beside the roots, with its own subtree intact.
//   - A parent link that closes a loop is cut (Cycle).
//   - Parts of one trace id that lie far apart in time, each with a root of
//     its own, are counted as Segments: the id was reused.
//   - Clock skew is estimated per pair of hosts from every client/server pair
//     between them and reported per host. Recorded times are never changed.
//
// Build is iterative and takes O(n log n) time for n spans, whatever their
// shape: a chain of a million spans neither overflows nor slows it.
package trace
