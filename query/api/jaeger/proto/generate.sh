#!/bin/sh
# Generates the Go code of Jaeger's protocols that jaeger-idl has as .proto only.
# It needs protoc 21 or newer (Debian: protobuf-compiler); the plugins come from
# the module proxy.
set -eu
cd "$(dirname "$0")"
plugins=$(mktemp -d)
trap 'rm -rf "$plugins"' EXIT
GOBIN=$plugins go install google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.12
GOBIN=$plugins go install google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.5.1

here=github.com/heddle-io/heddle/query/api/jaeger/proto
map=Mopentelemetry/proto/trace/v1/trace.proto=go.opentelemetry.io/proto/otlp/trace/v1
map=$map,Mexpression/v1/expression.proto="$here/expressionv1;expressionv1"
for f in query_service capabilities; do map=$map,Mapi_v3/$f.proto="$here/apiv3;apiv3"; done
for f in trace_storage dependency_storage capabilities; do map=$map,Mstorage/v2/$f.proto="$here/storagev2;storagev2"; done

PATH=$plugins:$PATH protoc -Isrc \
	--go_out=. --go_opt=module=$here,$map \
	--go-grpc_out=. --go-grpc_opt=module=$here,$map \
	api_v3/query_service.proto api_v3/capabilities.proto expression/v1/expression.proto \
	storage/v2/trace_storage.proto storage/v2/dependency_storage.proto storage/v2/capabilities.proto
