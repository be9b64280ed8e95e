// Package red computes rates, errors and durations from stored spans, for any
// window and grouped by any attribute, and the graph of who calls whom.
//
// Nothing is prepared for it: both are answered from columns when they are
// asked for. What the store can aggregate by itself it does (Result.Scanned and
// Graph.Scanned are then 0); the numbers are the same either way.
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
