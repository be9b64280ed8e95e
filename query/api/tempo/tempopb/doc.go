// Package tempopb has the messages and the gRPC service of Tempo's query
// protocol, generated from tempo.proto. Package tempo serves them.
package tempopb

//go:generate ./generate.sh
