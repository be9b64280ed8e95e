package e2e

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"testing"

	"google.golang.org/grpc/codes"
)

// Methods that the tests call.
const (
	otlpExport = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
	jaegerPost = "/jaeger.api_v2.CollectorService/PostSpans"
)

// h2c speaks HTTP/2 without TLS, as gRPC does, but lets a test write what a
// gRPC library would not.
var h2c = func() *http.Client {
	t := &http.Transport{Protocols: new(http.Protocols)}
	t.Protocols.SetUnencryptedHTTP2(true)
	return &http.Client{Transport: t}
}()

// grpcAnswer is how a call ended.
type grpcAnswer struct {
	code    codes.Code
	message string // of the status
	body    []byte // of the response message
}

// grpcFrame is a message as gRPC puts it into a body.
func grpcFrame(compressed byte, message []byte) []byte {
	b := append([]byte{compressed}, binary.BigEndian.AppendUint32(nil, uint32(len(message)))...)
	return append(b, message...)
}

// grpcCall sends a body to a method; encoding is that of compressed frames.
func grpcCall(t *testing.T, addr, method, encoding string, body []byte) grpcAnswer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	// Of unknown length, so that even an empty body ends with a frame of its own.
	unsized := struct{ io.Reader }{bytes.NewReader(body)}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+addr+method, unsized)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/grpc")
	req.Header.Set("Te", "trailers")
	if encoding != "" {
		req.Header.Set("Grpc-Encoding", encoding)
	}
	res, err := h2c.Do(req)
	if err != nil {
		t.Fatalf("%s: %v", method, err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%s: reading the answer: %v", method, err)
	}
	status := res.Trailer
	if status.Get("Grpc-Status") == "" { // an answer without a message has it in the header
		status = res.Header
	}
	code, err := strconv.ParseUint(status.Get("Grpc-Status"), 10, 32)
	if err != nil {
		t.Fatalf("%s: HTTP status %d without a gRPC status: %v", method, res.StatusCode, res.Header)
	}
	message, err := url.PathUnescape(status.Get("Grpc-Message"))
	if err != nil {
		t.Errorf("%s: message %q: %v", method, status.Get("Grpc-Message"), err)
	}
	const frameHeader = 5
	if len(answer) >= frameHeader {
		answer = answer[frameHeader:]
	}
	return grpcAnswer{codes.Code(code), message, answer}
}
