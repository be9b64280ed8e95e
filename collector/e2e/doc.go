// Package e2e tests the binary from outside: it starts heddle as a child
// process, sends telemetry over real sockets with programs that are not ours,
// and reads it back through the query APIs.
//
//	go test ./collector/e2e/...                            builds the binary first
//	HEDDLE_BINARY=bin/heddle go test ./collector/e2e/...   tests one that is built
//	HEDDLE_E2E_LOG=1 go test -v ...                        shows what the processes log
//
// A binary that was built with -race is worth a run now and then: a process
// whose log tells of a race or a panic fails its test.
//
// Needed are Go, and for the Node client node and npm (20.6 or later); the
// packages of its lock file are installed when they are missing. Every process
// listens on free ports of this machine and keeps its data in a temporary
// folder, so that the tests run beside a running heddle and beside each other.
//
// How it is put together:
//
//	binary, process, server, agent        the programs under test
//	request, native, jaeger, metrics      what is asked of them
//	native_contract, native_operations    all that the contract of the native API
//	                                      has, by the client generated from it
//	span, expect                          what must come back
//	sdk, node, telemetrygen, otlp,
//	zipkin, jaegersend                    senders, each a test
//	bad*, odd*, wire, grpc                what must be refused, and how
//	lifecycle*, restart, full*, demo,
//	clients, tempo, ui                    the rest
//
// An acknowledgement means that the telemetry can be read, so the tests ask
// once after a sender was answered. Only what has no acknowledgement is polled
// for, with deadlines far above what a slow machine needs.
package e2e
