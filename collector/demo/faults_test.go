package demo

import (
	"slices"
	"testing"
	"time"
)

// observed is what somebody who looks would find.
type observed struct {
	stable, canary   []time.Duration // database spans of inventory's stock
	flags            map[string]int  // response flags of proxies
	overloadedServed int             // UO spans that have children
	attempts         int             // most tries of one call to payment-gateway-us
	resends          int
	tenants          map[string]int // tenants with checkout exceptions, v2
	stableBroken     int            // the same, v1
	items            int            // most wishlist_items reads in a trace
	outlived         int            // ml-ranking spans longer than the caller waits
}

func observe(t *testing.T, length time.Duration, faults ...string) observed {
	t.Helper()
	spans := decode(t, record(t, scene{seed: 1, rate: 8, length: length, faults: faults}))
	o := observed{flags: map[string]int{}, tenants: map[string]int{}}
	children := map[string]int{}
	for _, s := range spans {
		children[string(s.ParentSpanId)]++
	}
	for _, trace := range byTrace(spans) {
		items := 0
		for _, s := range trace {
			canary := s.resource["service.version"] == "2.0.0-rc.3"
			o.flags[s.str("response_flags")]++
			switch {
			case s.service() == "inventory" && s.Name == "SELECT stock" && canary:
				o.canary = append(o.canary, s.duration())
			case s.service() == "inventory" && s.Name == "SELECT stock":
				o.stable = append(o.stable, s.duration())
			case s.Name == "find wishlist_items":
				items++
			case s.service() == "checkout" && s.str("error.type") == "example.shop.checkout.TaxRegionException":
				if canary {
					o.tenants[s.str("shop.tenant.id")]++
				} else {
					o.stableBroken++
				}
			case s.service() == "ml-ranking" && s.Kind == server && s.duration() > 850*time.Millisecond:
				o.outlived++
			}
			if s.str("response_flags") == "UO" && children[string(s.SpanId)] > 0 {
				o.overloadedServed++
			}
			if s.str("response_flags") == "URX" {
				o.attempts = max(o.attempts, children[string(s.SpanId)])
			}
			o.resends = max(o.resends, int(s.attr("http.request.resend_count").GetIntValue()))
		}
		o.items = max(o.items, items)
	}
	return o
}

func p95(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)*95/100]
}

func TestFaultsAreThere(t *testing.T) {
	o := observe(t, 7*time.Minute)
	if slow, fast := p95(o.canary), p95(o.stable); slow < 20*fast {
		t.Errorf("slow-db: p95 %v in v2, %v in v1", slow, fast)
	}
	if o.flags["URX"] == 0 || o.attempts != proxyTries || o.resends != 2 {
		t.Errorf("retry-storm: %d URX, %d tries, %d resends", o.flags["URX"], o.attempts, o.resends)
	}
	if o.flags["UO"] == 0 || o.overloadedServed > 0 {
		t.Errorf("open-circuit: %d UO, %d of them were served", o.flags["UO"], o.overloadedServed)
	}
	if len(o.tenants) != 1 || o.tenants[brokenTenant] == 0 || o.stableBroken > 0 {
		t.Errorf("canary-tenant: v2 fails for %v, v1 %d times", o.tenants, o.stableBroken)
	}
	if o.items < 20 {
		t.Errorf("n-plus-one: at most %d reads in a trace", o.items)
	}
	if o.flags["UT"] == 0 || o.flags["DC"] != o.flags["UT"] || o.outlived == 0 {
		t.Errorf("timeout: %d UT, %d DC, %d outlived their caller", o.flags["UT"], o.flags["DC"], o.outlived)
	}
}

func TestFaultsCanBeSwitchedOff(t *testing.T) {
	o := observe(t, 2*time.Minute, "none")
	if slow, fast := p95(o.canary), p95(o.stable); slow > 2*fast {
		t.Errorf("slow-db: p95 %v in v2, %v in v1", slow, fast)
	}
	for _, flag := range []string{"URX", "UO", "UT", "DC"} {
		if o.flags[flag] != 0 {
			t.Errorf("%d spans with %s", o.flags[flag], flag)
		}
	}
	if len(o.tenants) != 0 || o.items > 1 || o.outlived > 0 {
		t.Errorf("tenants %v, reads %d, outlived %d", o.tenants, o.items, o.outlived)
	}
}

func TestOneFaultAlone(t *testing.T) {
	o := observe(t, 4*time.Minute, "open-circuit")
	if o.flags["UO"] == 0 || o.flags["URX"] != 0 || o.flags["UT"] != 0 || len(o.tenants) != 0 || o.items > 1 {
		t.Errorf("flags %v, tenants %v, reads %d", o.flags, o.tenants, o.items)
	}
}
