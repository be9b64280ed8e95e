// Package tempopb has the messages and the gRPC service of Tempo's query
// protocol, generated from tempo.proto. Package tempo serves them.
package tempopb

// The generators must be in the path:
//
//	go install google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.12
//	go install google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.0
//
// protoc 3.21 or newer; its version is in the header of the output.

//go:generate protoc --go_out=. --go_opt=module=github.com/heddle-io/heddle/query/api/tempo/tempopb --go-grpc_out=. --go-grpc_opt=module=github.com/heddle-io/heddle/query/api/tempo/tempopb -I heddle/tempopb=. heddle/tempopb/tempo.proto
