package e2e

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestNodeSDK runs a Node program under OpenTelemetry's auto-instrumentation
// and demands the client and server spans of its requests.
func TestNodeSDK(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("npm"); err != nil {
		t.Fatal("node and npm are needed for this test: ", err)
	}
	if err := installNode(); err != nil {
		t.Fatal(err)
	}
	for protocol, endpoint := range map[string]func(*server) string{
		"http/protobuf": func(s *server) string { return s.otlpHTTP },
		"grpc":          func(s *server) string { return s.otlpGRPC },
	} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			s := shared(t)
			service := unique("node-" + filepath.Base(protocol))
			port := runNode(t, "OTEL_SERVICE_NAME="+service, "OTEL_EXPORTER_OTLP_PROTOCOL="+protocol,
				"OTEL_EXPORTER_OTLP_ENDPOINT=http://"+endpoint(s))
			found, more := s.searchNative(t, "service="+service+"&kind=client&limit=100")
			if len(found) != 2 || more {
				t.Fatalf("%d traces of %s, want one for each of 2 requests: %+v", len(found), service, found)
			}
			for _, trace := range found {
				expectRequest(t, s.nativeTrace(t, trace.TraceID), service, port)
			}
		})
	}
}

// expectRequest demands a client span with a server span below it.
func expectRequest(t *testing.T, spans []span, service string, port int64) {
	t.Helper()
	byKind := map[string]span{}
	for _, sp := range spans {
		byKind[sp.Kind] = sp
	}
	client, server := byKind["client"], byKind["server"]
	if client.SpanID == "" || server.SpanID == "" {
		t.Fatalf("a client and a server span are wanted: %+v", spans)
	}
	if server.ParentSpanID != client.SpanID {
		t.Errorf("the server span's parent is %q, want the client span %q", server.ParentSpanID, client.SpanID)
	}
	if nanos(server.Start) < nanos(client.Start) || server.DurationNs > client.DurationNs {
		t.Errorf("server span [%s +%d] is not inside client span [%s +%d]", server.Start, server.DurationNs, client.Start, client.DurationNs)
	}
	code := int64(200)
	if find(server.Attributes, "url.path").Value == "/missing" {
		code = 404
	}
	for _, sp := range []span{client, server} {
		if sp.Service != service {
			t.Errorf("service %q, want %q", sp.Service, service)
		}
		for _, want := range []attr{
			textAttr("http.request.method", "GET"), intAttr("http.response.status_code", code), intAttr("server.port", port),
		} {
			if got := find(sp.Attributes, want.Key); got != want {
				t.Errorf("%s span: %+v, want %+v in %+v", sp.Kind, got, want, sp.Attributes)
			}
		}
		if got := find(sp.Resource.Attributes, "process.pid"); got.Type != "int" {
			t.Errorf("process.pid is %+v, want an int", got)
		}
		if sp.Scope.Name != "@opentelemetry/instrumentation-http" || sp.Scope.Version == "" {
			t.Errorf("scope %+v", sp.Scope)
		}
	}
	wantStatus := map[int64]string{200: "unset", 404: "error"}[code] // of a client span; 4xx is no error of the server
	if client.Status.Code != wantStatus || server.Status.Code != "unset" {
		t.Errorf("status of client %q and server %q after a %d", client.Status.Code, server.Status.Code, code)
	}
}

// runNode runs the program and returns the port that its server had.
func runNode(t *testing.T, env ...string) (port int64) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "node", "shop.js")
	cmd.Dir = nodeDir
	cmd.Env = append(os.Environ(), env...)
	cmd.Env = append(cmd.Env, "OTEL_METRICS_EXPORTER=none", "OTEL_LOGS_EXPORTER=none",
		"OTEL_NODE_RESOURCE_DETECTORS=env,host,process", // not those of clouds, which ask the network
		"OTEL_SEMCONV_STABILITY_OPT_IN=http")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("node: %v\n%s%s", err, out, stderr.Bytes())
	}
	var result struct{ Port int64 }
	if err := json.Unmarshal(out, &result); err != nil || result.Port == 0 {
		t.Fatalf("node wrote %q, want the result as JSON (%v)\n%s", out, err, stderr.Bytes())
	}
	return result.Port
}
