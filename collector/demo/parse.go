package demo

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The tables are constants of this package: a mistake in them is a mistake in
// the program, found by its tests. Parsing still returns errors, because a
// table that is silently half read would make a shop that is silently half
// there.

// parseServices reads the first limit lines of the service table.
func parseServices(table string, limit int) ([]*service, error) {
	var all []*service
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] == "#" || len(all) == limit {
			continue
		}
		if len(f) != 10 {
			return nil, fmt.Errorf("service table: %q has %d columns, want 10", line, len(f))
		}
		s := &service{index: len(all), name: f[0], lang: f[1], namespace: f[2], ops: map[string]*operation{}}
		var err error
		if s.mesh, err = oneOf(f[3], meshNone, meshIstio, meshLinkerd); err != nil {
			return nil, err
		}
		if s.proto, err = oneOf(f[4], protoHTTP, protoGRPC); err != nil {
			return nil, err
		}
		var n [5]int
		for i := range n {
			if col := f[5+i]; col != "-" {
				if n[i], err = strconv.Atoi(col); err != nil {
					return nil, fmt.Errorf("service table: %s: %w", s.name, err)
				}
			} else {
				n[i] = defaultTimeout
			}
		}
		s.port, s.canary, s.timeout = n[0], float64(n[3])/100, time.Duration(n[4])*time.Millisecond
		s.pods = make([]*pod, n[1]+n[2])
		s.stable = n[1]
		all = append(all, s)
	}
	return all, nil
}

func oneOf[T ~string](v string, allowed ...T) (T, error) {
	for _, a := range allowed {
		if v == string(a) {
			return a, nil
		}
	}
	return "", fmt.Errorf("service table: %q is none of %v", v, allowed)
}

// parseOperations reads what the services of w do. Operations must all be
// known before steps can name them, so it reads the table twice.
func (w *world) parseOperations(table string) error {
	type script struct {
		op   *operation
		text string
	}
	var scripts []script
	for line := range strings.Lines(table) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		col := strings.Split(line, "|")
		if len(col) != 4 {
			return fmt.Errorf("operation table: %q has %d columns, want 4", line, len(col))
		}
		s := w.services[strings.TrimSpace(col[0])]
		if s == nil {
			continue // left out by --services
		}
		work, err := strconv.ParseFloat(strings.TrimSpace(col[2]), 64)
		if err != nil {
			return fmt.Errorf("operation table: %q: %w", line, err)
		}
		op := newOperation(s, strings.TrimSpace(col[1]), work)
		s.ops[op.name] = op
		scripts = append(scripts, script{op, col[3]})
	}
	for _, sc := range scripts {
		for group := range strings.FieldsSeq(sc.text) {
			var steps []step
			for text := range strings.SplitSeq(group, "+") {
				st, ok, err := w.parseStep(sc.op, text)
				if err != nil {
					return fmt.Errorf("operation table: %s %s: step %q: %w", sc.op.svc.name, sc.op.name, text, err)
				}
				if ok {
					steps = append(steps, st)
				}
			}
			if len(steps) > 0 {
				sc.op.steps = append(sc.op.steps, steps)
			}
		}
	}
	return nil
}

// parseStep reads one step; ok is false when it leads to a service that
// --services left out.
func (w *world) parseStep(op *operation, text string) (st step, ok bool, err error) {
	st.chance, st.times = 1, 1
	if pct, rest, found := strings.Cut(text, "%"); found {
		if st.chance, err = strconv.ParseFloat(pct, 64); err != nil {
			return st, false, err
		}
		st.chance, text = st.chance/100, rest
	}
	if rest, found := strings.CutPrefix(text, "else:"); found {
		st.otherwise, text = true, rest
	}
	if rest, found := strings.CutPrefix(text, "~"); found {
		st.optional, text = true, rest
	}
	if rest, n, found := strings.Cut(text, "*"); found {
		if st.times, err = strconv.Atoi(n); err != nil {
			return st, false, err
		}
		text = rest
	}
	switch kind, rest := text[0], text[1:]; kind {
	case '#':
		f := strings.Split(rest, ".")
		if len(f) != 3 {
			return st, false, fmt.Errorf("want #system.VERB.collection")
		}
		st.kind = stepStore
		st.stmt, err = newStatement(op.svc, f[0], f[1], f[2])
		return st, err == nil, err
	case '!':
		st.kind, st.topic = stepPublish, w.topics[rest]
		return st, st.topic != nil, nil
	case '@':
		f := strings.Split(rest, ":")
		if len(f) != 4 {
			return st, false, fmt.Errorf("want @host:VERB:/path:ms")
		}
		st.kind, st.host, st.method, st.path = stepExternal, f[0], f[1], f[2]
		st.ms, err = strconv.ParseFloat(f[3], 64)
		return st, err == nil, err
	case '.':
		name, ms, _ := strings.Cut(rest, ":")
		st.kind, st.name = stepInternal, name
		st.ms, err = strconv.ParseFloat(ms, 64)
		return st, err == nil, err
	}
	st.kind = stepCall
	st.op, ok, err = w.operation(text)
	return st, ok, err
}

// operation finds "service/Operation"; ok is false when the service is left
// out.
func (w *world) operation(ref string) (op *operation, ok bool, err error) {
	name, opName, _ := strings.Cut(ref, "/")
	s := w.services[name]
	if s == nil {
		if !w.known[name] {
			return nil, false, fmt.Errorf("no service %q", name)
		}
		return nil, false, nil
	}
	op = s.ops[strings.Replace(opName, ":", " ", 1)]
	if op == nil {
		return nil, false, fmt.Errorf("service %s has no operation %q", name, opName)
	}
	return op, true, nil
}

// parseTopics reads the topics whose consumers are in the shop.
func (w *world) parseTopics(table string) error {
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		if len(f) != 3 || f[2] != "single" && f[2] != "batch" {
			return fmt.Errorf("topic table: cannot read %q", line)
		}
		if s := w.services[f[1]]; s != nil {
			t := &topic{name: f[0], consumer: s, batch: f[2] == "batch"}
			w.topics[t.name] = t
			w.topicList = append(w.topicList, t)
		}
	}
	return nil
}

// parseRoutes reads what visitors ask for.
func (w *world) parseRoutes(table string) error {
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		weight, err := strconv.Atoi(f[0])
		if err != nil || len(f) != 3 {
			return fmt.Errorf("route table: cannot read %q", line)
		}
		op, ok, err := w.operation(f[1] + "/" + f[2])
		if err != nil {
			return fmt.Errorf("route table: %w", err)
		}
		if ok {
			w.routes = append(w.routes, route{weight: weight, op: op})
			w.routeWeight += weight
		}
	}
	return nil
}
