package demo

import (
	"strings"
	"testing"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

const (
	client   = tracepb.Span_SPAN_KIND_CLIENT
	server   = tracepb.Span_SPAN_KIND_SERVER
	producer = tracepb.Span_SPAN_KIND_PRODUCER
	consumer = tracepb.Span_SPAN_KIND_CONSUMER
)

func TestTracesAreWellFormed(t *testing.T) {
	for _, sc := range []scene{
		{seed: 1, rate: 8, length: 3 * time.Minute, noSkew: true},
		{seed: 2, rate: 10, length: time.Minute, noSkew: true, faults: []string{"none"}},
		{seed: 3, rate: 10, length: time.Minute, noSkew: true, services: leastServices},
		{seed: 4, rate: 10, length: time.Minute, noSkew: true, services: 20},
	} {
		spans := decode(t, record(t, sc))
		all := map[string]*seen{}
		for _, s := range spans {
			if len(s.TraceId) != 16 || len(s.SpanId) != 8 || strings.Trim(string(s.SpanId), "\x00") == "" {
				t.Fatalf("ids of %q are %x %x", s.Name, s.TraceId, s.SpanId)
			}
			if all[string(s.SpanId)] != nil {
				t.Fatalf("span id %x is used twice", s.SpanId)
			}
			all[string(s.SpanId)] = s
			keys := map[string]bool{}
			for _, a := range s.Attributes {
				if keys[a.Key] || a.Value == nil {
					t.Fatalf("%s %q: attribute %s is there twice or empty", s.service(), s.Name, a.Key)
				}
				keys[a.Key] = true
			}
			if s.Name == "" || s.Kind == 0 || s.StartTimeUnixNano == 0 || s.EndTimeUnixNano <= s.StartTimeUnixNano {
				t.Fatalf("span %q kind %v from %d to %d", s.Name, s.Kind, s.StartTimeUnixNano, s.EndTimeUnixNano)
			}
		}
		for id, trace := range byTrace(spans) {
			roots := 0
			for _, s := range trace {
				if len(s.ParentSpanId) == 0 {
					roots++
					continue
				}
				p := all[string(s.ParentSpanId)]
				if p == nil || string(p.TraceId) != id {
					t.Fatalf("%s %q has no parent in its trace", s.service(), s.Name)
				}
				checkBounds(t, p, s)
			}
			if roots != 1 {
				t.Fatalf("trace %x has %d roots", id, roots)
			}
		}
	}
}

// checkBounds: a child lies within its parent, except that a consumer follows
// its producer and that an abandoned server outlives its caller.
func checkBounds(t *testing.T, p, s *seen) {
	t.Helper()
	if s.Kind == consumer {
		if p.Kind != producer || s.StartTimeUnixNano < p.EndTimeUnixNano {
			t.Fatalf("consumer %q under %q of kind %v", s.Name, p.Name, p.Kind)
		}
		return
	}
	if s.StartTimeUnixNano < p.StartTimeUnixNano {
		t.Fatalf("%s %q starts before its parent %s %q", s.service(), s.Name, p.service(), p.Name)
	}
	flags := p.str("response_flags")
	if s.EndTimeUnixNano > p.EndTimeUnixNano && flags != "UT" && flags != "DC" {
		t.Fatalf("%s %q ends %v after its parent %s %q", s.service(), s.Name,
			time.Duration(s.EndTimeUnixNano-p.EndTimeUnixNano), p.service(), p.Name)
	}
}

// TestProxyChain: between two meshed applications there are exactly the
// caller's proxy and the callee's, named as Istio names them.
func TestProxyChain(t *testing.T) {
	spans := decode(t, record(t, scene{seed: 1, rate: 10, length: time.Minute}))
	byID := map[string]*seen{}
	for _, s := range spans {
		byID[string(s.SpanId)] = s
	}
	mesh := wholeShop(t).services
	checked, gateways := 0, 0
	for _, s := range spans {
		svc := mesh[s.service()]
		if s.Kind != server || s.proxied() || svc.mesh != meshIstio {
			continue
		}
		in := byID[string(s.ParentSpanId)]
		if in.service() != svc.canonical || in.Kind != server || in.str("upstream_cluster") != svc.inboundCluster {
			t.Fatalf("over %s %q is %s %q (%s)", s.service(), s.Name, in.service(), in.Name, in.str("upstream_cluster"))
		}
		if !strings.HasPrefix(in.str("node_id"), "sidecar~10.") || !strings.HasSuffix(in.str("node_id"), "~"+svc.namespace+".svc.cluster.local") {
			t.Fatalf("node_id %q", in.str("node_id"))
		}
		out := byID[string(in.ParentSpanId)]
		if !out.proxied() || out.Kind != client {
			t.Fatalf("over the proxy of %s is %s %q", s.service(), out.service(), out.Name)
		}
		if strings.HasPrefix(out.Name, "router ") {
			out = byID[string(out.ParentSpanId)]
		}
		if out.service() == "istio-ingressgateway.istio-system" {
			if len(out.ParentSpanId) != 0 || !strings.HasPrefix(out.str("node_id"), "router~") {
				t.Fatalf("the gateway's span is not a root: %v", out.Span)
			}
			gateways++
			continue
		}
		app := byID[string(out.ParentSpanId)]
		if app.proxied() || app.Kind != client || out.service() != "linkerd-proxy" && out.service() != mesh[app.service()].canonical {
			t.Fatalf("over the outbound proxy %s is %s %q", out.service(), app.service(), app.Name)
		}
		checked++
	}
	if checked < 1000 || gateways < 300 {
		t.Fatalf("only %d chains and %d gateway hops seen", checked, gateways)
	}
}

// TestProxyTagsAreStrings, every one of them, as Envoy's are.
func TestProxyTagsAreStrings(t *testing.T) {
	for _, s := range decode(t, record(t, scene{seed: 1, rate: 20, length: 20 * time.Second})) {
		if !s.proxied() {
			continue
		}
		for _, a := range s.Attributes {
			if a.Value.GetStringValue() == "" {
				t.Fatalf("%s of %q is %v", a.Key, s.Name, a.Value)
			}
		}
	}
}

// TestQueues: a single consumer continues the producer's trace, a batch
// consumer links to many traces from one of its own.
func TestQueues(t *testing.T) {
	spans := decode(t, record(t, scene{seed: 1, rate: 10, length: time.Minute}))
	byID := map[string]*seen{}
	for _, s := range spans {
		byID[string(s.SpanId)] = s
	}
	single, batch := 0, 0
	for _, s := range spans {
		if s.Kind != consumer {
			continue
		}
		for _, l := range s.Links {
			from := byID[string(l.SpanId)]
			if from == nil || from.Kind != producer || string(from.TraceId) != string(l.TraceId) {
				t.Fatalf("%q links to %v", s.Name, from)
			}
		}
		switch {
		case len(s.ParentSpanId) > 0 && len(s.Links) == 1:
			single++
		case len(s.ParentSpanId) == 0 && len(s.Links) == int(s.attr("messaging.batch.message_count").GetIntValue()):
			batch++
		default:
			t.Fatalf("%q has %d links", s.Name, len(s.Links))
		}
	}
	if single == 0 || batch == 0 {
		t.Fatalf("%d single and %d batch consumers", single, batch)
	}
}
