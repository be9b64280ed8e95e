package demo

import (
	"strconv"
	"strings"
)

// proxyTries is how often an Envoy tries a request that came back 503: once,
// and Istio's two retries.
const proxyTries = 3

// request is a call including what the application itself does about failure.
func (s *simulator) request(under int32, from *pod, op *operation, at int64) (end int64, status int) {
	resends := 0
	if from.svc.retryOnBehalf && op.svc.name == "payment-gateway-us" {
		resends = 2
	}
	for n := 0; ; n++ {
		end, status = s.exchange(under, from, op, at, n)
		if status != 503 || n == resends {
			return end, status
		}
		at = end + s.ms(40*float64(n+1))
	}
}

// exchange is one call as one CLIENT span of an application reports it: through
// the caller's proxy, which may try several times, to a pod and back.
func (s *simulator) exchange(under int32, from *pod, op *operation, at int64, resend int) (end int64, status int) {
	ci := int32(len(s.tr.calls))
	c := call{kind: callRequest, under: under, cause: -1, from: from, op: op, start: at, resend: resend, status: 200, id: s.newID()}
	if op.method != "" {
		c.path = s.fill(op.route)
	}
	c.reqBytes, c.respBytes = 40+s.rng.IntN(900), 120+s.rng.IntN(9000)
	meshed := from.svc.mesh != meshNone && !op.svc.faas // functions are reached by TLS, which proxies pass through
	t := at
	if meshed {
		t += s.ms(0.12)
		c.proxyStart, c.proxyID = t, s.newID()
	}
	s.tr.calls = append(s.tr.calls, c)

	if s.circuitOpen(from, op) {
		s.finish(ci, t+s.ms(0.15), 503, "UO", 1, failOverflow)
		return s.tr.calls[ci].end, 503
	}
	istio := from.svc.mesh == meshIstio
	deadline := t + int64(op.svc.timeout)
	for n := 1; ; n++ {
		ai, answered, st := s.try(ci, n, t)
		flags, fail := "-", (*failure)(nil)
		if st >= 500 {
			fail = failDependency
		}
		switch {
		case istio && answered > deadline:
			s.tr.attempts[ai].abandoned, s.tr.attempts[ai].answered = true, deadline
			answered, st, flags, fail = deadline, 504, "UT", failDeadline
		case istio && st == 503 && n < proxyTries:
			t = answered + s.ms(25*float64(n))
			continue
		case istio && st == 503:
			flags, fail = "URX", failUnready
		}
		s.finish(ci, answered, st, flags, n, fail)
		return s.tr.calls[ci].end, st
	}
}

// finish closes a request call when its answer is back at the caller's proxy.
func (s *simulator) finish(ci int32, answered int64, status int, flags string, tries int, fail *failure) {
	c := &s.tr.calls[ci]
	c.status, c.flags, c.tries, c.fail = status, flags, tries, fail
	c.end = answered
	if c.proxyStart != 0 {
		c.proxyEnd = answered + s.ms(0.04)
		c.end = c.proxyEnd + s.ms(0.05)
	}
}

// try sends a call to a pod once.
func (s *simulator) try(ci int32, n int, at int64) (ai int32, answered int64, status int) {
	from, op := s.tr.calls[ci].from, s.tr.calls[ci].op
	to := op.svc.pick(s.rng)
	s.tr.calls[ci].to = to
	ai = int32(len(s.tr.attempts))
	a := attempt{call: ci, n: n, to: to, sent: at, id: s.newID()}
	if from.svc.retryOnBehalf {
		a.routerID = s.newID()
	}
	t := at + s.network(from, to)
	if to.svc.mesh != meshNone {
		a.proxyStart, a.proxyID = t, s.newID()
		t += s.ms(0.1)
	} else if to.svc.faas {
		t += s.ms(6)
	}
	a.start = t
	s.tr.attempts = append(s.tr.attempts, a)

	t, status, fail := s.serve(ai, op, t)
	done := &s.tr.attempts[ai]
	done.end, done.status, done.fail = t, status, fail
	if done.proxyStart != 0 {
		t += s.ms(0.08)
		done.proxyEnd = t
	}
	answered = t + s.network(to, from)
	done.answered = answered
	return ai, answered, status
}

// circuitOpen says whether the caller's proxy refuses to send at all.
func (s *simulator) circuitOpen(from *pod, op *operation) bool {
	return op.svc.name == "credit-card-processor" && from.svc.name == "payment-gateway-kr" && s.chance(s.level[faultOpenCircuit])
}

// fill makes a concrete path of a route.
func (s *simulator) fill(route string) string {
	switch {
	case strings.Contains(route, "{id}"):
		return strings.Replace(route, "{id}", strconv.Itoa(100_000+s.rng.IntN(80_000)), 1)
	case strings.Contains(route, "{slug}"):
		return strings.Replace(route, "{slug}", pages[s.rng.IntN(len(pages))], 1)
	}
	return route
}

var pages = []string{"home", "spring-sale", "about", "shipping-and-returns", "gift-cards", "new-arrivals"}
