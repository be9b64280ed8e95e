package otlpdirect_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"reflect"
	"slices"
	"testing"
	"time"

	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"go.opentelemetry.io/collector/config/configauth"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configmiddleware"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configtls"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"

	"github.com/heddle-io/heddle/storage"
)

// configuration is one way to configure the receivers that must be the same
// from outside.
type configuration struct {
	name   string
	change func(*otlpreceiver.Protocols)
	secure *tls.Config // of a client
	ingest bool
}

func configurations(t *testing.T) []configuration {
	certificate, key, client := selfSigned(t)
	return []configuration{
		{name: "plain", change: limits},
		{name: "with heddle_ingest", change: withIngest, ingest: true},
		{name: "TLS", secure: client, change: func(p *otlpreceiver.Protocols) {
			limits(p)
			server := configtls.ServerConfig{Config: configtls.Config{CertPem: configopaque.String(certificate), KeyPem: configopaque.String(key)}}
			p.GRPC.Get().TLS = configoptional.Some(server)
			p.HTTP.Get().ServerConfig.TLS = configoptional.Some(server)
		}},
		{name: "authentication", ingest: true, change: func(p *otlpreceiver.Protocols) {
			withIngest(p)
			p.GRPC.Get().Auth = configoptional.Some(configauth.Config{AuthenticatorID: authID})
			p.HTTP.Get().ServerConfig.Auth = configoptional.Some(confighttp.AuthConfig{Config: configauth.Config{AuthenticatorID: authID}})
		}},
		{name: "paths, CORS, metadata, headers", change: func(p *otlpreceiver.Protocols) {
			limits(p)
			h := p.HTTP.Get()
			h.TracesURLPath, h.LogsURLPath = "/t", "/l"
			h.ServerConfig.IncludeMetadata = true
			h.ServerConfig.CORS = configoptional.Some(confighttp.CORSConfig{AllowedOrigins: []string{"http://*"}, AllowedHeaders: []string{"*"}})
			h.ServerConfig.ResponseHeaders = configopaque.MapList{{Name: "X-Heddle", Value: "yes"}}
			p.GRPC.Get().IncludeMetadata = true
		}},
	}
}

func limits(p *otlpreceiver.Protocols) {
	p.GRPC.Get().MaxRecvMsgSizeMiB = maxBytes >> 20
	p.HTTP.Get().ServerConfig.MaxRequestBodySize = maxBytes
}

func withIngest(p *otlpreceiver.Protocols) {
	limits(p)
	middlewares := []configmiddleware.Config{{ID: ingestID}}
	p.GRPC.Get().Middlewares = middlewares
	p.HTTP.Get().ServerConfig.Middlewares = middlewares
	p.HTTP.Get().ServerConfig.CompressionAlgorithms = []string{}
}

// state is how the store answers.
type state struct {
	name    string
	outcome storage.Outcome
	err     error
}

func states() []state {
	partial := state{name: "partial success"}
	partial.outcome.Reject(storage.ReasonNoSpanID, "span \"a\xff\" has no span id")
	partial.outcome.Reject(storage.ReasonTooLarge, "")
	states := []state{
		{name: "stores"},
		partial,
		{name: "overloaded", err: fmt.Errorf("no room: %w", storage.ErrOverloaded)},
		{name: "closed", err: storage.ErrClosed},
		{name: "fails", err: errors.New("disk on fire")},
	}
	if testing.Short() {
		return states[:2] // requests take the same ways in all
	}
	return states
}

// Whoever sends must not see which of the receivers it is, and the store must
// get the same.
func TestSameOverHTTP(t *testing.T) {
	requests := httpRequests(t)
	for _, c := range configurations(t) {
		t.Run(c.name, func(t *testing.T) {
			theirs, ours := serve(t, ofUpstream, c.change), serve(t, straight, c.change)
			client := &http.Client{Transport: &http.Transport{TLSClientConfig: c.secure}}
			t.Cleanup(client.CloseIdleConnections)
			for _, s := range states() {
				if s.outcome.Rejected != nil && !c.ingest {
					continue // upstream never tells it; see TestPartialSuccessWithoutMiddleware
				}
				theirs.store.answer(s.outcome, s.err)
				ours.store.answer(s.outcome, s.err)
				for _, r := range requests {
					t.Run(s.name+"/"+r.name, func(t *testing.T) {
						send := func(to *server) httpAnswer {
							url := "http://" + to.http + r.path
							if c.secure != nil {
								url = "https://" + to.http + r.path
							}
							return sendHTTP(t, client, r.method, url, r.body, r.headers...)
						}
						want, got := send(theirs), send(ours)
						sameHTTP(t, want, got, r.malformed)
						sameContents(t, theirs.store, ours.store)
					})
				}
			}
			sameCounts(t, theirs, ours)
		})
	}
}

type httpRequest struct {
	name, method, path string
	body               []byte
	headers            []string
	malformed          bool // what is wrong with it is said in other words
}

func httpRequests(t *testing.T) []httpRequest {
	spans, records := spansRequest(5), logsRequest(3)
	good := protoOf(t, spans)
	large := protoOf(t, spansRequest(20_000))
	var all []httpRequest
	post := func(name, path string, body []byte, headers ...string) *httpRequest {
		all = append(all, httpRequest{name: name, method: http.MethodPost, path: path, body: body, headers: append(headers, "token", "right")})
		return &all[len(all)-1]
	}
	for _, path := range []string{"/v1/traces", "/t"} {
		post("protobuf "+path, path, good, "Content-Type", protobuf)
	}
	for _, path := range []string{"/v1/logs", "/l"} {
		post("logs "+path, path, protoOf(t, records), "Content-Type", protobuf)
	}
	post("content type with parameters", "/v1/traces", good, "Content-Type", protobuf+"; charset=utf-8")
	post("JSON", "/v1/traces", jsonOf(t, spans), "Content-Type", json)
	post("JSON logs", "/v1/logs", jsonOf(t, records), "Content-Type", json)
	post("metrics", "/v1/metrics", protoOf(t, metricsRequest()), "Content-Type", protobuf)
	post("JSON metrics", "/v1/metrics", jsonOf(t, metricsRequest()), "Content-Type", json)
	for _, encoding := range []string{"gzip", "zstd", "snappy", "deflate"} {
		post(encoding, "/v1/traces", compress(t, encoding, good), "Content-Type", protobuf, "Content-Encoding", encoding)
		post("JSON in "+encoding, "/v1/traces", compress(t, encoding, jsonOf(t, spans)), "Content-Type", json, "Content-Encoding", encoding)
		post("metrics in "+encoding, "/v1/metrics", compress(t, encoding, protoOf(t, metricsRequest())), "Content-Type", protobuf, "Content-Encoding", encoding)
		post("too large after "+encoding, "/v1/traces", compress(t, encoding, large), "Content-Type", protobuf, "Content-Encoding", encoding).malformed = encoding == "snappy"
		post("damaged "+encoding, "/v1/traces", []byte("this is plain text"), "Content-Type", protobuf, "Content-Encoding", encoding).malformed = true
		post("cut "+encoding, "/v1/traces", compress(t, encoding, good)[:40], "Content-Type", protobuf, "Content-Encoding", encoding).malformed = true
	}
	post("snappy in frames", "/v1/traces", compress(t, "snappy frames", good), "Content-Type", protobuf, "Content-Encoding", "snappy")
	post("identity", "/v1/traces", good, "Content-Type", protobuf, "Content-Encoding", "identity")
	post("unknown encoding", "/v1/traces", good, "Content-Type", protobuf, "Content-Encoding", "br")
	post("malformed", "/v1/traces", []byte("\xff\xff\xff\xff not protobuf"), "Content-Type", protobuf).malformed = true
	post("truncated", "/v1/traces", good[:len(good)-3], "Content-Type", protobuf).malformed = true
	post("malformed JSON", "/v1/traces", []byte(`{"resourceSpans":[{`), "Content-Type", json)
	post("malformed metrics", "/v1/metrics", good[:len(good)-3], "Content-Type", protobuf)
	post("empty body", "/v1/traces", nil, "Content-Type", protobuf)
	post("empty JSON body", "/v1/traces", nil, "Content-Type", json)
	post("empty JSON request", "/v1/logs", []byte("{}"), "Content-Type", json)
	post("nothing but a resource", "/v1/traces", protoOf(t, spansRequest(0)), "Content-Type", protobuf)
	post("too large", "/v1/traces", large, "Content-Type", protobuf)
	post("wrong content type", "/v1/traces", good, "Content-Type", "text/plain")
	post("no content type", "/v1/traces", good)
	post("unknown path", "/v1/nothing", good, "Content-Type", protobuf)
	post("wrong token", "/v1/traces", good, "Content-Type", protobuf, "token", "wrong").headers = []string{"Content-Type", protobuf, "token", "wrong"}
	post("wrong token in JSON", "/v1/traces", good).headers = []string{"Content-Type", json}
	all = append(all,
		httpRequest{name: "wrong method", method: http.MethodGet, path: "/v1/traces", headers: []string{"token", "right"}},
		httpRequest{name: "preflight", method: http.MethodOptions, path: "/t", headers: []string{"Origin", "http://shop", "Access-Control-Request-Method", "POST"}},
		httpRequest{name: "another origin", method: http.MethodPost, path: "/t", body: good, headers: []string{"Origin", "http://shop", "Content-Type", protobuf}},
	)
	return all
}

func sameHTTP(t *testing.T, want, got httpAnswer, malformed bool) {
	t.Helper()
	if malformed && (want.code == 400 || want.code == 413) && want.code == got.code {
		a, b := statusIn(t, want), statusIn(t, got)
		if a.GetCode() != b.GetCode() || b.GetMessage() == "" {
			t.Errorf("status %v, want %v", b, a)
		}
		want.header.Del("Content-Length")
		got.header.Del("Content-Length")
		want.body, got.body = nil, nil
	}
	if got.code != want.code || !bytes.Equal(got.body, want.body) {
		t.Errorf("%d %q, want %d %q", got.code, got.body, want.code, want.body)
	}
	if !reflect.DeepEqual(got.header, want.header) {
		t.Errorf("headers\n%v, want\n%v", got.header, want.header)
	}
}

// statusIn reads the status that an error of OTLP over HTTP is.
func statusIn(t *testing.T, a httpAnswer) *spb.Status {
	t.Helper()
	s, unmarshal := new(spb.Status), protojson.Unmarshal
	if a.header.Get("Content-Type") == protobuf {
		unmarshal = proto.Unmarshal
	}
	if err := unmarshal(a.body, s); err != nil {
		t.Errorf("%d %q is no status: %v", a.code, a.body, err)
	}
	return s
}

func sameContents(t *testing.T, theirs, ours *fakeStore) {
	t.Helper()
	want, _ := theirs.take()
	got, _ := ours.take()
	if !slices.Equal(got, want) {
		t.Errorf("the store holds\n%q, want\n%q", got, want)
	}
}

// sameCounts compares what the receivers have counted.
func sameCounts(t *testing.T, theirs, ours *server) {
	t.Helper()
	for _, name := range []string{
		"otelcol_receiver_accepted_spans", "otelcol_receiver_refused_spans",
		"otelcol_receiver_accepted_log_records", "otelcol_receiver_refused_log_records",
		"otelcol_receiver_accepted_metric_points",
	} {
		want, got := theirs.count(t, name), ours.count(t, name)
		if got != want || name == "otelcol_receiver_accepted_spans" && got == 0 {
			t.Errorf("%s is %d, want %d", name, got, want)
		}
	}
}

// unknownCompressor is a compression that only this test knows.
type unknownCompressor struct{ encoding.Compressor }

func (unknownCompressor) Name() string { return "heddle-test" }

func init() { encoding.RegisterCompressor(unknownCompressor{encoding.GetCompressor("gzip")}) }

func TestSameOverGRPC(t *testing.T) {
	spans, records := protoOf(t, spansRequest(5)), protoOf(t, logsRequest(3))
	large, tooLarge := protoOf(t, spansRequest(2000)), protoOf(t, spansRequest(20_000))
	for _, c := range configurations(t) {
		t.Run(c.name, func(t *testing.T) {
			theirs, ours := serve(t, ofUpstream, c.change), serve(t, straight, c.change)
			toTheirs, toOurs := dial(t, theirs.grpc, c.secure), dial(t, ours.grpc, c.secure)
			for _, s := range states() {
				if s.outcome.Rejected != nil && !c.ingest {
					continue // as over HTTP
				}
				theirs.store.answer(s.outcome, s.err)
				ours.store.answer(s.outcome, s.err)
				for _, r := range []struct {
					name, method string
					body         []byte
					token        string
					options      []grpc.CallOption
					malformed    bool
				}{
					{name: "traces", method: tracesMethod, body: spans},
					{name: "logs", method: logsMethod, body: records},
					{name: "metrics", method: metricsMethod, body: protoOf(t, metricsRequest())},
					{name: "gzip", method: tracesMethod, body: spans, options: []grpc.CallOption{grpc.UseCompressor("gzip")}},
					{name: "in several pieces", method: tracesMethod, body: large},
					{name: "empty", method: tracesMethod},
					{name: "nothing but a resource", method: tracesMethod, body: protoOf(t, spansRequest(0))},
					{name: "malformed", method: tracesMethod, body: []byte("\xff\xff\xff\xff not protobuf"), malformed: true},
					{name: "truncated", method: tracesMethod, body: spans[:len(spans)-3], malformed: true},
					{name: "malformed metrics", method: metricsMethod, body: spans[:len(spans)-3], malformed: true},
					{name: "too large", method: tracesMethod, body: tooLarge},
					{name: "too large after gzip", method: tracesMethod, body: tooLarge, options: []grpc.CallOption{grpc.UseCompressor("gzip")}},
					{name: "unknown method", method: "/opentelemetry.proto.collector.trace.v1.TraceService/Nothing", body: spans},
					{name: "unknown service", method: "/heddle.Nothing/Export", body: spans},
					{name: "wrong token", method: tracesMethod, body: spans, token: "wrong"},
				} {
					t.Run(s.name+"/"+r.name, func(t *testing.T) {
						headers := []string{"token", "right"}
						if r.token != "" {
							headers[1] = r.token
						}
						want, got := sendGRPC(toTheirs, r.method, r.body, headers, r.options...), sendGRPC(toOurs, r.method, r.body, headers, r.options...)
						switch {
						case r.malformed && !c.ingest:
							// Upstream alone calls it INTERNAL; the protocol says otherwise.
							if got.status.Code() != codes.InvalidArgument {
								t.Errorf("%v", got.status)
							}
						case r.malformed && want.status.Code() == got.status.Code():
						case !proto.Equal(got.status.Proto(), want.status.Proto()) || !bytes.Equal(got.body, want.body):
							t.Errorf("%v %q, want %v %q", got.status.Proto(), got.body, want.status.Proto(), want.body)
						}
						sameContents(t, theirs.store, ours.store)
					})
				}
			}
			sameCounts(t, theirs, ours)
		})
	}
}

// selfSigned returns a certificate for 127.0.0.1 and a client that trusts it.
func selfSigned(t *testing.T) (certificate, key string, client *tls.Config) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err1 := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	keyDER, err2 := x509.MarshalECPrivateKey(private)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	certificatePEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(certificatePEM)
	return string(certificatePEM), string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER})), &tls.Config{RootCAs: pool}
}
