package demo

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// fault is something wrong with the shop that can be found by looking.
type fault struct {
	name    string
	service string // must be in the shop for the fault to exist
	also    string // a second service it needs
	what    string
	find    string // how to find it
	wave    wave
}

const (
	faultSlowDB = iota
	faultRetryStorm
	faultOpenCircuit
	faultCanaryTenant
	faultNPlusOne
	faultTimeout
	faultCount
)

var faults = [faultCount]fault{
	faultSlowDB: {
		name: "slow-db", service: "inventory",
		what: "inventory v2 reads stock without an index",
		find: "service inventory, database spans of stock: compare service.version 2.0.0-rc.3 with the rest",
		wave: wave{floor: 0.5, peak: 1, period: 7 * time.Minute, active: 3 * time.Minute, offset: 30 * time.Second},
	},
	faultRetryStorm: {
		name: "retry-storm", service: "payment-gateway-us", also: "payment",
		what: "payment-gateway-us sheds load and its callers retry up to nine times over",
		find: `proxy spans of payment with response_flags = "URX"; attempts in retry.count and http.request.resend_count`,
		wave: wave{floor: 0.12, peak: 0.8, period: 5 * time.Minute, active: time.Minute, offset: 90 * time.Second},
	},
	faultOpenCircuit: {
		name: "open-circuit", service: "credit-card-processor", also: "payment-gateway-kr",
		what: "the circuit breaker from payment-gateway-kr to credit-card-processor is open, calls fail at once",
		find: `proxy spans of payment-gateway-kr with response_flags = "UO"; the callee has no span at all`,
		wave: wave{floor: 0.07, peak: 0.75, period: 4 * time.Minute, active: 45 * time.Second, offset: 3 * time.Minute},
	},
	faultCanaryTenant: {
		name: "canary-tenant", service: "checkout",
		what: "checkout v2 fails for exactly one tenant, " + brokenTenant,
		find: "errors of service checkout by service.version and shop.tenant.id",
		wave: wave{floor: 1, peak: 1, period: time.Minute},
	},
	faultNPlusOne: {
		name: "n-plus-one", service: "wishlist",
		what: "wishlist v2 reads its items one by one",
		find: "traces with more than 20 spans named \"find wishlist_items\"",
		wave: wave{floor: 1, peak: 1, period: time.Minute},
	},
	faultTimeout: {
		name: "timeout", service: "ml-ranking",
		what: "ml-ranking stalls; callers give up after 800 ms and answer without it",
		find: `proxy spans towards ml-ranking with response_flags = "UT"; the callee's own spans last longer`,
		wave: wave{floor: 0.015, peak: 0.5, period: 6 * time.Minute, active: 50 * time.Second, offset: 4 * time.Minute},
	},
}

// wave is how strongly a fault shows over time: peak for a while in every
// period, floor otherwise. It depends on the time alone, so that two runs over
// the same minutes show the same story.
type wave struct {
	floor, peak            float64
	period, active, offset time.Duration
}

func (w wave) at(unixNano int64) float64 {
	pos := (unixNano - int64(w.offset)) % int64(w.period)
	if w.active == 0 || pos >= int64(w.active) {
		return w.floor
	}
	return w.floor + (w.peak-w.floor)*math.Sin(math.Pi*float64(pos)/float64(w.active))
}

// FaultNames lists the faults that [Config.Faults] may name, in a fixed order.
func FaultNames() []string {
	names := make([]string, faultCount)
	for i := range faults {
		names[i] = faults[i].name
	}
	return names
}

// faultSet says which faults are on.
type faultSet [faultCount]bool

// parseFaults reads names of faults, "all" and "none". A nil list means all.
func parseFaults(names []string) (faultSet, error) {
	var set faultSet
	if len(names) == 0 {
		names = []string{"all"}
	}
	for _, n := range names {
		i := slices.IndexFunc(faults[:], func(f fault) bool { return f.name == n })
		switch {
		case n == "all":
			for i := range set {
				set[i] = true
			}
		case n == "none" && len(names) > 1:
			return set, fmt.Errorf("--fault none cannot be combined with other faults; leave one of them out")
		case n == "none":
		case i < 0:
			return set, fmt.Errorf("--fault %s: no such fault; use all, none or some of %s", n, strings.Join(FaultNames(), ", "))
		default:
			set[i] = true
		}
	}
	return set, nil
}

// within keeps the faults whose services are in the shop and returns the names
// of those that are not.
func (set *faultSet) within(services map[string]*service) (missing []string) {
	for i := range set {
		f := &faults[i]
		if set[i] && (services[f.service] == nil || f.also != "" && services[f.also] == nil) {
			set[i] = false
			missing = append(missing, f.name)
		}
	}
	return missing
}
