package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// A check takes the first answer and none of the others: each is one that a
// server would give fast.
func TestChecks(t *testing.T) {
	for name, c := range map[string]struct {
		check func([]byte) error
		good  string
		bad   []string
	}{
		"jaegerList":  {jaegerList(2), `{"data":[{},{}]}`, []string{`{"data":[{}]}`, `{"data":null}`, `{}`, `<html>`}},
		"jaegerTrace": {jaegerTrace(2), `{"data":[{"spans":[{},{}]}]}`, []string{`{"data":[{"spans":[{}]}]}`, `{"data":[]}`, `{"data":[{"spans":[{},{}]},{}]}`}},
		"traceList": {traceList(1), `{"traces":[{}],"more":true}`, []string{
			`{"traces":[]}`, `{"traces":[{}],"partial":"too long"}`, `{"traces":[{}],"status":"PARTIAL"}`, ``}},
		"traceList of Tempo": {traceList(1), `{"traces":[{}],"status":"COMPLETE"}`, []string{`{"traces":null}`}},
		"listUnder":          {listUnder("keys"), `{"keys":[1]}`, []string{`{"keys":[]}`, `{"values":[1]}`, `[]`}},
		"mentions":           {mentions(`"a"`, 2), `"a" "a"`, []string{`"a"`, ``}},
		"metricSeries":       {metricSeries(2, 6), `{"series":[{"samples":[{"value":1},{"value":0.5}]},{"samples":[{"value":1.5}]}]}`, []string{`{"series":[]}`, `{"series":[{"samples":[{"value":2.9}]}]}`, `{"series":[{"samples":[{"value":3}]}],"status":"PARTIAL"}`}},
		"metricSeries, any":  {metricSeries(2, 0), `{"series":[{"samples":[{"value":1}]}]}`, []string{`{"series":[{"samples":[{"value":0}]}]}`}},
		"nativeSpans": {nativeSpans("groups", "spans", 3), `{"groups":[{"spans":1},{"spans":2}]}`, []string{
			`{"groups":[{"spans":1}]}`, `{"groups":[]}`, `{"spans":3}`, `{"groups":[{"calls":3}]}`, `{"groups":[{"spans":3}],"partial":"too many"}`}},
		"nativeSpans, one": {nativeSpans("", "spans", 0), `{"spans":7}`, []string{`{"spans":0}`, `{}`, `{"spans":7,"partial":"x"}`}},
	} {
		if err := c.check([]byte(c.good)); err != nil {
			t.Errorf("%s: %s: %v", name, c.good, err)
		}
		for _, bad := range c.bad {
			if c.check([]byte(bad)) == nil {
				t.Errorf("%s takes %s", name, bad)
			}
		}
	}
}

// TestAsking counts the calls of a question, on a server that is this process.
func TestAsking(t *testing.T) {
	calls := map[string]int{}
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls[r.URL.Path]++
		if r.URL.Path == "/unknown" {
			w.WriteHeader(http.StatusNotFound)
		}
		fmt.Fprint(w, `{"data":[1]}`)
	}))
	defer h.Close()
	self := &server{query: strings.TrimPrefix(h.URL, "http://"), cmd: &exec.Cmd{Process: &os.Process{Pid: os.Getpid()}}}
	ask := func(most string, older bool, list ...question) ([]result, string, error) {
		clear(calls)
		var log bytes.Buffer
		s := settings{repeats: 6, older: older}
		if most == "" {
			s.most = 1 << 60
		}
		results, err := askAll(t.Context(), s, regexp.MustCompile(""), self, list, &log)
		return results, log.String(), err
	}
	good := question{"good", 0, []call{{"/a", jaegerList(1)}, {"/b", jaegerList(1)}}}
	results, _, err := ask("", false, good)
	if err != nil || len(results) != 1 || results[0].n < 6 || results[0].n > 6*mostOften || calls["/a"]+calls["/b"] != results[0].n+1 || calls["/a"] == 0 || calls["/b"] == 0 {
		t.Errorf("%+v, %v, asked %v", results, err, calls)
	}
	if results, _, err = ask("nothing", false, good); err != nil || results[0].n != leastOften {
		t.Errorf("a slow one: %+v, %v", results, err)
	}
	unknown := question{"unknown", 0, []call{{"/unknown", jaegerList(1)}}}
	var refused *statusError
	if results, _, err = ask("", false, unknown, good); !errors.As(err, &refused) || refused.code != http.StatusNotFound || len(results) != 1 {
		t.Errorf("what the server does not know: %+v, %v", results, err)
	}
	results, said, err := ask("", true, unknown, good)
	if err != nil || len(results) != 1 || !strings.Contains(said, "not measured: unknown: GET /unknown: 404") {
		t.Errorf("what an older server does not know: %+v, %v, %q", results, err, said)
	}
	for what, q := range map[string]question{
		"is empty": {"q", 0, []call{{"/a", jaegerList(2)}}}, "there is nothing to ask": {"q", 0, nil},
	} {
		if _, _, err := ask("", true, q); err == nil {
			t.Errorf("an answer that %s is no error", what)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := askAll(ctx, settings{repeats: 1}, regexp.MustCompile(""), self, []question{good}, io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
}
