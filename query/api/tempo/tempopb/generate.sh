#!/bin/sh
# Generates the Go code of tempo.proto. It needs protoc 21 or newer (Debian:
# protobuf-compiler); the plugins come from the module proxy.
set -eu
cd "$(dirname "$0")"
plugins=$(mktemp -d)
trap 'rm -rf "$plugins"' EXIT
GOBIN=$plugins go install google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.12
GOBIN=$plugins go install google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.5.1

# The name under which the file is registered must not be that of another
# tempo.proto in the same program.
here=github.com/heddle-io/heddle/query/api/tempo/tempopb
PATH=$plugins:$PATH protoc -I heddle/tempopb=. --go_out=. --go_opt=module=$here --go-grpc_out=. --go-grpc_opt=module=$here heddle/tempopb/tempo.proto
