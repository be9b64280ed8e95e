package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"time"
)

// question is a class of queries: one that people ask again and again in other
// words. Its calls are asked in turn.
type question struct {
	name   string
	budget time.Duration // for the 95th percentile; 0: there is none
	calls  []call
}

// call is one way to ask, and the check of what is answered: a wrong answer,
// an empty one or one that was cut short may be a fast one.
type call struct {
	path  string
	check func(answer []byte) error
}

// asked is what the calls of a question took.
type asked struct {
	took []time.Duration // one by one
	cpu  time.Duration   // of the server, for all of them
}

// Bounds of how often a question is asked beyond the repeats that were ordered:
// a fast one is asked more often, for its percentiles, a slow one less.
const (
	fastEnough = 500 * time.Millisecond // as long as more fit in
	mostOften  = 10                     // times the repeats
	leastOften = 5                      // calls of a question that takes longer than allowed
)

// ask asks for one answer that does not count, then one call after the other.
func (q *question) ask(ctx context.Context, heddle *server, repeats int, most time.Duration) (a asked, err error) {
	if len(q.calls) == 0 {
		return a, fmt.Errorf("%s: there is nothing to ask: send more spans", q.name)
	}
	var answer bytes.Buffer
	one := func(c call) (time.Duration, error) {
		begin := time.Now()
		if err := heddle.get(ctx, c.path, &answer); err != nil {
			return 0, fmt.Errorf("%s: %w", q.name, err)
		}
		took := time.Since(begin)
		if err := c.check(answer.Bytes()); err != nil {
			return 0, fmt.Errorf("%s: GET %s: %w, which is no measurement: %.300s", q.name, c.path, err, &answer)
		}
		return took, nil
	}
	if _, err := one(q.calls[len(q.calls)-1]); err != nil {
		return a, err
	}
	before, err := cpuOf(heddle.cmd.Process.Pid)
	if err != nil {
		return a, err
	}
	total := time.Duration(0)
	for i := 0; i < repeats || i < mostOften*repeats && total < fastEnough; i++ {
		if i >= min(leastOften, repeats) && total > most {
			break
		}
		took, err := one(q.calls[i%len(q.calls)])
		if err != nil {
			return a, err
		}
		a.took, total = append(a.took, took), total+took
	}
	after, err := cpuOf(heddle.cmd.Process.Pid)
	a.cpu = after - before
	return a, err
}

// askAll asks every question whose name matches only. What an older binary
// does not know is left out with a word about it, if that is allowed. The log
// gets a table. A question that fails does not keep others from being asked;
// the error tells of all that did.
func askAll(ctx context.Context, s settings, only *regexp.Regexp, heddle *server, list []question, log io.Writer) (results []result, err error) {
	var failed []error
	fmt.Fprint(log, tableHeader)
	for _, q := range list {
		if !only.MatchString(q.name) {
			continue
		}
		a, err := q.ask(ctx, heddle, s.repeats, s.most)
		var refused *statusError
		if s.older && errors.As(err, &refused) && refused.clientsFault() {
			fmt.Fprintf(log, "bench: not measured: %v\n", err)
			continue
		}
		if ctx.Err() != nil {
			return results, ctx.Err()
		}
		if err != nil {
			fmt.Fprintf(log, "bench: %v\n", err)
			failed = append(failed, err)
			continue
		}
		r := latencies("query="+q.name, a, q.budget)
		fmt.Fprint(log, r.tableRow())
		results = append(results, r)
	}
	return results, errors.Join(failed...)
}
