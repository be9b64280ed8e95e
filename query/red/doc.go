// Package red computes rates, errors and durations from stored spans, for any
// window and grouped by any attribute, and the graph of who calls whom.
//
// Both are answered from columns when they are asked for. What the store can aggregate by itself it does (Result.Scanned and
// Graph.Scanned are then 0); the numbers are the same either way.
//
// They are of what is stored: a span counts once, whatever its tracestate says
// about the probability with which a sampler kept it. What there was before
// sampling TraceQL estimates, with(extrapolate=true).
//
// # How the graph is found
//
// Which services call which is counted by the store (GraphQuery.ServicesOnly).
// For all else whole traces are read in columns (storage.SpanReader.ReadTraces):
// a caller may have started before the window, a called span after it. Every
// core tallies the batches that it visits, a few hundred kilobytes whatever the
// number of spans, and only the spans that become exemplars are identified. What
// was tallied of parts of the store that do not change is kept in a GraphCache,
// and a Preparer tallies them before anyone asks, so that it is only what a window
// cuts and what has just been written that a graph reads.
//
// Of several spans with the parent's id the caller is one that serves, then the
// first by service; see storage.SpanReader.Edges. Spans that failed are those of
// storage.Failed, for nodes and edges alike.
//
// # Nodes of the graph
//
// Services are nodes by the name that their resource has. What sends no spans
// of its own is known from the client or producer span that called it, by the
// semantic conventions of OpenTelemetry, present and former names; the first
// row that applies decides:
//
//	attribute of the calling span             kind            name
//	db.system.name, db.system                 database        peer.service, else db.namespace or db.name, else the address, else the system
//	messaging.system                          messaging       messaging.destination.name or messaging.destination, else peer.service, else the system
//	peer.service                              uninstrumented  its value
//	server.address, net.peer.name, when it    uninstrumented  its value
//	is a private IP address or a name without
//	a public suffix (no dot, .local,
//	.internal, .svc, .cluster.local)
//	server.address, net.peer.name             external        its value
//
// A consumer span has the same attributes under messaging.system and names the
// node that it was called by. A client span that has none of them and no callee
// is not in the graph.
package red
