package collector

import (
	"strings"
	"testing"
)

func TestBannerOfAServerThatOthersReach(t *testing.T) {
	p, err := (&cli{components: Components}).newProcess()
	if err != nil {
		t.Fatal(err)
	}
	src := source{
		locations: []string{defaultConfig},
		sets: []string{
			"extensions.heddle_query.endpoint=0.0.0.0:3300", "extensions.heddle_query.base_path=/mesh",
			"extensions.heddle_query.tls.cert_file=a.crt", "extensions.heddle_query.tls.key_file=a.key",
			"receivers.otlp.protocols.grpc.endpoint='[::]:4317'",
		},
	}
	cfg, err := src.load(t.Context(), p.factories)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	printBanner(&b, cfg, "1.2.3", []string{"a note"})
	want := `
heddle 1.2.3 is running

  https://localhost:3300/mesh   web UI, query APIs, /metrics
  localhost:4317                OTLP over gRPC: traces, logs
  localhost:4318                OTLP over HTTP, protobuf and JSON: traces, logs
  localhost:9411                Zipkin v1 and v2: traces
  localhost:14250               Jaeger over gRPC: traces
  localhost:14268               Jaeger Thrift over HTTP: traces

  a note

`
	if b.String() != want {
		t.Errorf("got:%s\nwant:%s", b.String(), want)
	}
}

func TestDidYouMean(t *testing.T) {
	known := map[string]bool{"receivers": true, "endpoint": true, "otlp": true, "traces": true}
	for word, want := range map[string]string{
		"recievers": "receivers", "endpoit": "endpoint", "oltp": "otlp", "xyzzy": "", "traces": "",
	} {
		hint := didYouMean(word, known)
		if want == "" && hint != "" || !strings.Contains(hint, want) {
			t.Errorf("%s: %q, want %q", word, hint, want)
		}
	}
}
