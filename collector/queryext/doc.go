// Package queryext is the extension heddle_query: the one server for people
// and their tools. It serves the web UI, the query APIs and heddle's own
// health, metrics and reload endpoints on one listener, over HTTP/1.1 and
// HTTP/2 with and without TLS.
//
// Calls of content type application/grpc go to a gRPC server behind the same
// listener, credentials and limits; see grpc.go.
package queryext
