package e2e

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// TestBadBytes writes to every port what is not even a request, and demands
// that the connection is answered or closed and heddle goes on.
func TestBadBytes(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ports := map[string]string{
		"query": s.query, "OTLP gRPC": s.otlpGRPC, "OTLP HTTP": s.otlpHTTP,
		"Zipkin": s.zipkin, "Jaeger gRPC": s.jaegerGRPC, "Jaeger HTTP": s.jaegerHTTP,
	}
	for what, text := range map[string]string{
		"random bytes":       string(randomBytes(8 << 10)),
		"zeros":              strings.Repeat("\x00", 8<<10),
		"HTTP/1":             "POST /v1/traces HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}",
		"HTTP/2":             "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00",
		"HTTP/2 and garbage": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + string(randomBytes(1<<10)),
		"TLS":                "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + string(randomBytes(508)),
		"half a header":      "POST /v1/traces HTTP/1.1\r\nHost",
		"endless header":     "GET / HTTP/1.1\r\nX: " + strings.Repeat("a", 2<<20),
		"nothing":            "",
	} {
		t.Run(what, func(t *testing.T) {
			for port, addr := range ports {
				t.Run(port, func(t *testing.T) {
					t.Parallel()
					writeAndDrain(t, addr, text)
				})
			}
		})
	}
	s.expectWell(t)
}

// writeAndDrain writes, says that nothing more comes, and demands that the
// other side ends the connection.
func writeAndDrain(t *testing.T, addr, text string) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	// The other side may have closed already, which is as good.
	_, _ = io.WriteString(conn, text)
	_ = conn.(*net.TCPConn).CloseWrite()
	if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the connection stays open")
	}
}

// TestBodyCutShort announces more than it sends.
func TestBodyCutShort(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	good := exportRequest("cut", goodSpan())
	for _, c := range []struct{ name, addr, path, contentType, protocol string }{
		{"OTLP", s.otlpHTTP, "/v1/traces", "application/x-protobuf", "otlp_http"},
		{"Zipkin", s.zipkin, "/api/v2/spans", "application/json", "zipkin_http"},
		{"Jaeger", s.jaegerHTTP, "/api/traces", "application/vnd.apache.thrift.binary", "jaeger_http"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.rises(t, rejectedRequests, []string{`protocol="` + c.protocol + `"`}, func() {
				conn, err := net.Dial("tcp", c.addr)
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", c.path, c.contentType, 2*len(good), good)
				if err != nil {
					t.Fatal(err)
				}
				if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
					t.Fatal(err)
				}
				res, err := http.ReadResponse(bufio.NewReader(conn), nil)
				if err != nil {
					t.Fatal(err)
				}
				defer res.Body.Close()
				if res.StatusCode != http.StatusBadRequest {
					t.Errorf("status %d, want 400", res.StatusCode)
				}
			})
		})
	}
	s.expectWell(t)
}
