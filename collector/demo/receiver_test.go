package demo

import (
	"compress/gzip"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
	_ "google.golang.org/grpc/encoding/gzip" // the server side of --compression gzip
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
)

// receiver is a small OTLP backend. answer decides what becomes of the n-th
// request (from 1); nil accepts everything.
type receiver struct {
	collectorpb.UnimplementedTraceServiceServer
	answer func(n int) (*collectorpb.ExportTraceServiceResponse, error)
	status func(n int) (code int, header http.Header)

	mu      sync.Mutex
	n       int
	spans   int
	headers map[string]string
}

func (r *receiver) take(req *collectorpb.ExportTraceServiceRequest) {
	for _, rs := range req.ResourceSpans {
		for _, ss := range rs.ScopeSpans {
			r.spans += len(ss.Spans)
		}
	}
}

func (r *receiver) seen() (requests, spans int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.n, r.spans
}

func (r *receiver) lastHeaders() map[string]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.headers
}

func (r *receiver) Export(ctx context.Context, req *collectorpb.ExportTraceServiceRequest) (*collectorpb.ExportTraceServiceResponse, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.n++
	md, _ := metadata.FromIncomingContext(ctx)
	r.headers = map[string]string{}
	for k, v := range md {
		r.headers[k] = v[0]
	}
	if r.answer != nil {
		if resp, err := r.answer(r.n); resp != nil || err != nil {
			return resp, err
		}
	}
	r.take(req)
	return &collectorpb.ExportTraceServiceResponse{}, nil
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, hr *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.n++
	r.headers = map[string]string{"x-scope": hr.Header.Get("X-Scope"), "content-type": hr.Header.Get("Content-Type"), "path": hr.URL.Path}
	if r.status != nil {
		if code, header := r.status(r.n); code != 0 {
			for k, v := range header {
				w.Header()[k] = v
			}
			w.WriteHeader(code)
			return
		}
	}
	var body io.Reader = hr.Body
	if hr.Header.Get("Content-Encoding") == "gzip" {
		zr, err := gzip.NewReader(body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		body = zr
	}
	raw, err := io.ReadAll(body)
	var req collectorpb.ExportTraceServiceRequest
	if err != nil || proto.Unmarshal(raw, &req) != nil {
		http.Error(w, "not OTLP", http.StatusBadRequest)
		return
	}
	resp := &collectorpb.ExportTraceServiceResponse{}
	if r.answer != nil {
		if special, _ := r.answer(r.n); special != nil {
			resp = special
		}
	}
	r.take(&req)
	out, _ := proto.Marshal(resp)
	w.Header().Set("Content-Type", "application/x-protobuf")
	w.Write(out)
}

// startGRPC serves r and returns its address.
func startGRPC(t *testing.T, r *receiver) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer()
	collectorpb.RegisterTraceServiceServer(s, r)
	go s.Serve(l) // ends with Stop
	t.Cleanup(s.Stop)
	return l.Addr().String()
}

// startHTTP serves r and returns its address.
func startHTTP(t *testing.T, r *receiver) string {
	t.Helper()
	s := httptest.NewServer(r)
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}
