// Package demo simulates an online shop of more than 40 services in a service
// mesh and sends its telemetry over the network as the shop itself would: real
// OTLP, from every pod and every proxy on its own, a little late and out of
// order.
//
// It exists so that somebody who has just started heddle sees a living system
// with things to find, and so that tests and measurements have a load whose
// truth is known.
//
// How it is put together, in the order the data flows:
//
//	topology.go, operations.go   the shop as text: services, what their operations do, topics, routes
//	parse.go, world.go           the same as values: services, pods, nodes, zones
//	faults.go                    the things that go wrong, and how to find them
//	simulate*.go                 one trace: a tree of calls with times and outcomes
//	call.go                      the call model; nothing in it knows about spans
//	spans*.go                    what applications and proxies report about the calls, as OTLP spans
//	batch.go, engine.go          per-pod batching and the simulated clock
//	send*.go                     delivery over gRPC or HTTP, retries, a bounded queue
//	run.go, report.go            the pace of real time and the progress lines
//	measure.go                   the same shop without pace, for measurements
//
// Everything up to and including engine.go is deterministic: the same seed,
// start time and settings give the same bytes in the same order. Real time
// and the network begin in run.go.
package demo
