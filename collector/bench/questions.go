package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/heddle-io/heddle/collector/demo"
)

// question is a class of queries. Its paths are asked in turn.
type question struct {
	name  string
	paths []string
	times int
}

// newQuestions makes the questions about what was sent. They must have
// answers: an empty one would be a fast one.
func newQuestions(ctx context.Context, heddle *server, sent demo.Sent, repeats int) ([]question, error) {
	traces, err := someTraces(ctx, heddle, sent, repeats)
	if err != nil {
		return nil, err
	}
	search := func(more url.Values) []string {
		more.Set("service", "checkout")
		more.Set("limit", "20")
		return []string{searchPath(sent.StartNs, sent.EndNs, more)}
	}
	span := time.Duration(sent.EndNs - sent.StartNs)
	dependencies := "/api/dependencies?endTs=" + strconv.FormatInt(sent.EndNs/1e6, 10) + "&lookback=" + strconv.FormatInt(span.Milliseconds(), 10)
	return []question{
		{"trace", traces, repeats},
		{"service", search(url.Values{}), repeats},
		{"service-attribute", search(url.Values{"tags": {`{"shop.tenant.id":"nordwind"}`}}), repeats},
		{"service-attribute-error", search(url.Values{"tags": {`{"shop.tenant.id":"nordwind","error":"true"}`}}), repeats},
		{"min-duration", search(url.Values{"minDuration": {"200ms"}}), repeats},
		{"services", []string{"/api/services"}, repeats},
		{"operations", []string{"/api/operations?service=checkout"}, repeats},
		{"dependencies", []string{dependencies}, repeats},
	}, nil
}

func searchPath(fromNs, toNs int64, more url.Values) string {
	more.Set("start", strconv.FormatInt(fromNs/1e3, 10))
	more.Set("end", strconv.FormatInt(toNs/1e3, 10))
	return "/api/traces?" + more.Encode()
}

// ask asks as often as it should, one after the other.
func (q *question) ask(ctx context.Context, heddle *server) (took []time.Duration, err error) {
	var answer bytes.Buffer
	for i := range q.times {
		path := q.paths[i%len(q.paths)]
		begin := time.Now()
		if err := heddle.get(ctx, path, &answer); err != nil {
			return nil, fmt.Errorf("%s: %w", q.name, err)
		}
		took = append(took, time.Since(begin))
		switch n, err := answered(answer.Bytes()); {
		case err != nil:
			return nil, fmt.Errorf("%s: GET %s: %w", q.name, path, err)
		case n == 0:
			return nil, fmt.Errorf("%s: GET %s found nothing, which is no measurement: send more spans", q.name, path)
		}
	}
	return took, nil
}

// answered is the number of results in an answer of Jaeger's API.
func answered(answer []byte) (int, error) {
	var body struct {
		Data []json.RawMessage
	}
	if err := json.Unmarshal(answer, &body); err != nil {
		return 0, fmt.Errorf("not an answer of Jaeger's API: %w", err)
	}
	return len(body.Data), nil
}

// someTraces are paths of traces from everywhere in what was sent.
func someTraces(ctx context.Context, heddle *server, sent demo.Sent, n int) (paths []string, err error) {
	step := max((sent.EndNs-sent.StartNs)/int64(n), 1)
	var answer bytes.Buffer
	for i := range int64(n) {
		from := sent.StartNs + i*step
		path := searchPath(from, from+step, url.Values{"service": {"checkout"}, "limit": {"1"}})
		if err := heddle.get(ctx, path, &answer); err != nil {
			return nil, err
		}
		var body struct{ Data []struct{ TraceID string } }
		if err := json.Unmarshal(answer.Bytes(), &body); err != nil {
			return nil, fmt.Errorf("GET %s: %w", path, err)
		}
		if len(body.Data) > 0 {
			paths = append(paths, "/api/traces/"+body.Data[0].TraceID)
		}
	}
	if len(paths) == 0 {
		return nil, errors.New("no trace of the service checkout was found: more spans are needed")
	}
	return paths, nil
}
