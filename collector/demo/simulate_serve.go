package demo

// refusals are the ordinary ways in which a request is turned down: nothing is
// broken, and a healthy shop has them all day.
var refusals = map[string]refusal{
	"auth/Authenticate":                        {0.04, 401},
	"catalog/GetProduct":                       {0.008, 404},
	"coupon/Redeem":                            {0.06, 409},
	"credit-card-processor/POST /v1/charge":    {0.02, 402},
	"review/GET /reviews/{id}":                 {0.02, 404},
	"checkout/POST /v1/checkout":               {0.01, 422},
	"receipt-renderer/POST /receipts":          {0.002, 429},
	"wishlist/GET /v1/wishlists/{id}":          {0.01, 404},
	"payment-gateway-us/POST /us/v2/authorize": {0.003, 402},
}

type refusal struct {
	chance float64
	status int
}

// mishap is the share of requests that fail for no reason worth finding.
const mishap = 0.0003

// serve does the work of one operation in the pod of an attempt.
func (s *simulator) serve(ai int32, op *operation, at int64) (end int64, status int, fail *failure) {
	to := s.tr.attempts[ai].to
	work := s.ms(op.work)
	t := at + work*2/5
	if status, delay, fail := s.turnDown(ai, op); status != 0 {
		return t + delay, status, fail
	}
	t += s.stall(op)
	ran := true
	for g := range op.steps {
		groupEnd := t
		worst := 200
		for i := range op.steps[g] {
			st := &op.steps[g][i]
			if ran = !(st.otherwise && ran) && (st.chance == 1 || s.rng.Float64() < st.chance); !ran {
				continue
			}
			at := t
			for range s.times(st, to) {
				stepEnd, code := s.step(ai, to, st, at)
				at = stepEnd + s.ms(0.02)
				if !st.optional {
					worst = max(worst, code)
				}
			}
			groupEnd = max(groupEnd, at)
		}
		t = groupEnd
		switch {
		case s.breaksTenant(to, op) && g == 1:
			return t + s.ms(0.4), 500, failTenant
		case worst >= 500 && op.method != "":
			return t + s.ms(0.2), 502, failDependency
		case worst >= 500:
			return t + s.ms(0.2), 500, failDependency
		case worst >= 400:
			return t + s.ms(0.2), worst, nil
		}
	}
	return t + work*3/5, 200, nil
}

// turnDown decides whether a request is refused or fails before any work.
func (s *simulator) turnDown(ai int32, op *operation) (status int, delay int64, fail *failure) {
	if op.svc.name == "payment-gateway-us" && s.sheds(ai) {
		return 503, s.ms(30 + 120*s.level[faultRetryStorm]), failUnready
	}
	if r := op.refusal; r.chance > 0 && s.chance(r.chance) {
		return r.status, s.ms(0.2), nil
	}
	if s.chance(mishap) {
		return 500, s.ms(0.5), failInternal
	}
	return 0, 0, nil
}

// sheds says whether payment-gateway-us is too busy for an attempt. Where it
// was too busy once it mostly still is: that is what makes retries a storm.
func (s *simulator) sheds(ai int32) bool {
	level := s.level[faultRetryStorm]
	a := &s.tr.attempts[ai]
	if level > 0 && (a.n > 1 || s.tr.calls[a.call].resend > 0) {
		level = 0.75
	}
	return s.chance(level)
}

// stall is the time for which an operation hangs.
func (s *simulator) stall(op *operation) int64 {
	if op.svc.name == "ml-ranking" && s.chance(s.level[faultTimeout]) {
		return 900e6 + s.ms(600)
	}
	return 0
}

func (s *simulator) breaksTenant(to *pod, op *operation) bool {
	return s.level[faultCanaryTenant] > 0 && to.canary && op.svc.name == "checkout" && s.tr.visitor.tenant == brokenTenant
}

// times is how often a step is done.
func (s *simulator) times(st *step, by *pod) int {
	if s.readsOneByOne(st, by) {
		return 22 + s.rng.IntN(30)
	}
	return st.times
}

func (s *simulator) readsOneByOne(st *step, by *pod) bool {
	return s.level[faultNPlusOne] > 0 && by.canary && by.svc.name == "wishlist" && st.stmt != nil && st.stmt.collection == "wishlist_items"
}

// step does one step of an operation, starting at at.
func (s *simulator) step(ai int32, by *pod, st *step, at int64) (end int64, status int) {
	switch st.kind {
	case stepCall:
		return s.request(ai, by, st.op, at)
	case stepStore:
		return s.store(ai, by, st, at)
	case stepPublish:
		return s.publish(ai, by, st.topic, at), 200
	}
	c := call{kind: callInternal, under: ai, cause: -1, from: by, step: st, start: at, status: 200, id: s.newID()}
	c.end = at + s.ms(st.ms)
	if st.kind == stepExternal {
		c.kind, c.path = callExternal, st.path
		c.reqBytes, c.respBytes = 200+s.rng.IntN(2000), 80+s.rng.IntN(3000)
		if s.chance(mishap * 4) {
			c.status, c.fail = 503, failDependency
		}
	}
	s.tr.calls = append(s.tr.calls, c)
	return c.end, c.status
}

// store runs a statement.
func (s *simulator) store(ai int32, by *pod, st *step, at int64) (end int64, status int) {
	c := call{kind: callStore, under: ai, cause: -1, from: by, step: st, start: at, status: 200, id: s.newID(), text: st.stmt.text}
	c.rows = 1 + s.rng.IntN(st.stmt.rows)
	took := s.ms(st.stmt.ms)
	switch {
	case s.level[faultSlowDB] > 0 && by.canary && by.svc.name == "inventory" && st.stmt.verb == "SELECT":
		c.text = unindexedQuery
		took = s.ms(40 + 220*s.level[faultSlowDB])
	case s.readsOneByOne(st, by):
		c.text, c.rows = oneByOneQuery, 1
	}
	if s.chance(mishap / 2) {
		c.status, c.fail = 500, failLock
	}
	c.end = at + took
	s.tr.calls = append(s.tr.calls, c)
	return c.end, c.status
}
