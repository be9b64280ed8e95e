package e2e

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestDemo runs the simulated shop against heddle. Its history covers every
// fault at its worst, so that each can be looked for.
func TestDemo(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	text, code := run(t, t.TempDir(), "demo", "--endpoint", s.otlpGRPC, "--for", "5s", "--rate", "20", "--history", "15m", "--seed", "1")
	if code != 0 {
		t.Fatalf("exit code %d:\n%s", code, text)
	}
	t.Run("numbers", func(t *testing.T) { expectDemoNumbers(t, s, text) })
	t.Run("services", func(t *testing.T) { expectDemoServices(t, s) })
	t.Run("edges", func(t *testing.T) { expectDemoEdges(t, s) })
	t.Run("faults", func(t *testing.T) { expectDemoFaults(t, s) })
}

var demoSummary = regexp.MustCompile(`done in .*: ([\d,]+) traces, ([\d,]+) spans delivered .* 0 rejected, 0 failed, 0 dropped`)

// expectDemoNumbers demands that what the demo says it delivered is there.
func expectDemoNumbers(t *testing.T, s *server, text string) {
	t.Helper()
	m := demoSummary.FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no summary without losses:\n%s", text)
	}
	spans := strings.ReplaceAll(m[2], ",", "")
	if got := fmt.Sprint(s.status(t).Spans); got != spans {
		t.Errorf("%s spans are held, %s were delivered", got, spans)
	}
	if got := fmt.Sprint(s.metrics(t).sum(acceptedSpans, `store="main"`)); got != spans {
		t.Errorf("%s spans were accepted, %s were delivered", got, spans)
	}
}

func expectDemoServices(t *testing.T, s *server) {
	t.Helper()
	var services []string
	s.jaegerData(t, "/api/services", &services)
	if len(services) < 40 || !slices.IsSorted(services) {
		t.Errorf("%d services, want more than 40 in order: %v", len(services), services)
	}
	for _, service := range []string{"web-bff", "checkout", "checkout.shop", "istio-ingressgateway.istio-system", "linkerd-proxy", "analytics"} {
		if !slices.Contains(services, service) {
			t.Errorf("%s is not among the services", service)
		}
		var operations []string
		s.jaegerData(t, "/api/services/"+service+"/operations", &operations)
		if len(operations) == 0 {
			t.Errorf("%s has no operations", service)
		}
	}
}

// expectDemoEdges looks for an edge of every sort: from the gateway, between a
// proxy and its application both ways, between proxies, into the other mesh,
// to what is in no mesh, and through a message queue.
func expectDemoEdges(t *testing.T, s *server) {
	t.Helper()
	var edges []struct {
		Parent, Child string
		CallCount     int
	}
	s.jaegerData(t, "/api/dependencies?lookback=3600000", &edges)
	calls := map[string]int{}
	for _, e := range edges {
		calls[e.Parent+" "+e.Child] += e.CallCount
	}
	for _, want := range []string{
		"istio-ingressgateway.istio-system web-bff.shop", "web-bff.shop web-bff", "web-bff web-bff.shop",
		"checkout.shop payment.payments", "catalog.shop linkerd-proxy", "linkerd-proxy review",
		"invoice receipt-renderer", "order notification", "payment billing",
	} {
		if calls[want] == 0 {
			t.Errorf("no edge %s", strings.Replace(want, " ", " → ", 1))
		}
	}
	for _, never := range []string{"web-bff istio-ingressgateway.istio-system", "billing payment"} {
		if calls[never] != 0 {
			t.Errorf("%d calls %s, which nobody makes", calls[never], strings.Replace(never, " ", " → ", 1))
		}
	}
}

// expectDemoFaults searches for the faults as the demo says that they can be
// found, through both APIs.
func expectDemoFaults(t *testing.T, s *server) {
	t.Helper()
	for _, c := range []struct {
		fault, service, operation string
		tags                      string // key=value, comma separated
		minDuration, maxDuration  string
	}{
		{fault: "retry-storm", service: "payment.payments", tags: "response_flags=URX"},
		{fault: "open-circuit", service: "payment-gateway-kr.payments", tags: "response_flags=UO"},
		{fault: "canary-tenant", service: "checkout", tags: "error=true,shop.tenant.id=nordwind"},
		{fault: "n-plus-one", service: "wishlist", operation: "find wishlist_items"},
		{fault: "timeout", service: "recommendation.shop", tags: "response_flags=UT", minDuration: "799ms", maxDuration: "900ms"},
		{fault: "slow-db", service: "inventory", tags: "service.version=2.0.0-rc.3", minDuration: "100ms"},
	} {
		t.Run(c.fault, func(t *testing.T) {
			params := []any{"service", c.service, "limit", 900}
			native := url.Values{"service": {c.service}, "limit": {"900"}}
			add := func(name, value string) {
				if value != "" {
					params = append(params, name, value)
					native.Set(name, value)
				}
			}
			add("operation", c.operation)
			add("minDuration", c.minDuration)
			add("maxDuration", c.maxDuration)
			for tag := range strings.SplitSeq(c.tags, ",") {
				key, value, ok := strings.Cut(tag, "=")
				switch {
				case tag == "error=true": // status error, in the words of either API
					params = append(params, "tag", "error:true")
					native.Set("status", "error")
				case ok:
					params = append(params, "tag", key+":"+value)
					native.Add("tag", tag)
				}
			}
			shown := s.searchJaeger(t, params...)
			if len(shown) == 0 {
				t.Fatal("not found")
			}
			found, more := s.searchNative(t, native.Encode())
			if len(found) != len(shown) || more {
				t.Errorf("the Jaeger API finds %d traces, the native API %d (more: %v)", len(shown), len(found), more)
			}
			spans := map[string]int{}
			for _, trace := range shown {
				spans[trace.TraceID] = len(trace.Spans)
			}
			for _, trace := range found {
				if got := spans[shortTraceID(trace.TraceID)]; got != trace.Spans || trace.Matched == 0 {
					t.Errorf("trace %s: %d spans in the Jaeger API, %+v in the native one", trace.TraceID, got, trace)
				}
			}
			if c.fault == "n-plus-one" {
				expectManySiblings(t, shown, c.operation)
			}
		})
	}
}

// expectManySiblings demands a trace with more than 20 spans of one name.
func expectManySiblings(t *testing.T, traces []jaegerTrace, operation string) {
	t.Helper()
	most := 0
	for _, trace := range traces {
		n := 0
		for _, sp := range trace.Spans {
			if sp.OperationName == operation {
				n++
			}
		}
		most = max(most, n)
	}
	if most <= 20 {
		t.Errorf("at most %d spans %q in a trace, want more than 20", most, operation)
	}
}
