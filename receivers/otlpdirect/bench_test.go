package otlpdirect_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"testing"

	"google.golang.org/grpc"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage"
)

// sinkStore takes whatever comes and keeps nothing, so that what is measured
// is the way to it.
type sinkStore struct{ storage.Store }

func (sinkStore) Capabilities() storage.Capabilities { return storage.Capabilities{Logs: true} }
func (sinkStore) Spans() storage.SpanStore           { return sinkSpans{} }
func (sinkStore) Logs() storage.LogStore             { return rawLogs{} }

type sinkSpans struct{ storage.SpanStore }

func (sinkSpans) WriteSpans(_ context.Context, td ptrace.Traces) (storage.Outcome, error) {
	return storage.Outcome{Accepted: td.SpanCount()}, nil
}

func (sinkSpans) WriteOTLP(context.Context, storage.OTLPRequest) (storage.Outcome, error) {
	return storage.Outcome{Accepted: benchSpans}, nil
}

const benchSpans = 1000

// B/op and allocs/op are of client and server together; the client, which
// sends the same bytes every time, is the same for both receivers.
func BenchmarkGRPC(b *testing.B) {
	body := protoOf(b, spansRequest(benchSpans))
	for _, w := range []which{ofUpstream, straight} {
		b.Run(string(w), func(b *testing.B) {
			s := serveInto(b, w, sinkStore{}, withIngest)
			conn := dial(b, s.grpc, nil)
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				var answer []byte
				if err := conn.Invoke(context.Background(), tracesMethod, &body, &answer, grpc.ForceCodecV2(rawCodec{})); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchSpans, "ns/span")
		})
	}
}

func BenchmarkHTTP(b *testing.B) {
	for _, encoding := range []string{"", "gzip", "zstd", "snappy"} {
		body := compress(b, encoding, protoOf(b, spansRequest(benchSpans)))
		name := encoding
		if name == "" {
			name = "plain"
		}
		for _, w := range []which{ofUpstream, straight} {
			b.Run(name+"/"+string(w), func(b *testing.B) {
				s := serveInto(b, w, sinkStore{}, withIngest)
				b.ReportAllocs()
				for b.Loop() {
					postOnce(b, "http://"+s.http+"/v1/traces", body, encoding)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchSpans, "ns/span")
			})
		}
	}
}

func postOnce(b *testing.B, url string, body []byte, encoding string) {
	req, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("Content-Type", protobuf)
	if encoding != "" {
		req.Header.Set("Content-Encoding", encoding)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		b.Fatal(resp.Status, err)
	}
}
