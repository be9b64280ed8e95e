package e2e

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// metrics is what /metrics says, by name and labels as they are written.
type metrics map[string]float64

func (s *server) metrics(t *testing.T) metrics {
	t.Helper()
	res := s.get(t, "/metrics")
	if res.code != http.StatusOK {
		t.Fatalf("/metrics: status %d", res.code)
	}
	m := metrics{}
	for line := range strings.Lines(string(res.body)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		series, text, ok := strings.Cut(strings.TrimSpace(line), "} ")
		if ok {
			series += "}"
		} else {
			series, text, ok = strings.Cut(strings.TrimSpace(line), " ")
		}
		v, err := strconv.ParseFloat(text, 64)
		if !ok || err != nil {
			t.Fatalf("/metrics: cannot read %q", line)
		}
		m[series] = v
	}
	return m
}

// sum adds the series of a metric whose labels include all that are given,
// each as name="value".
func (m metrics) sum(name string, labels ...string) (total float64) {
	for series, v := range m {
		rest, ok := strings.CutPrefix(series, name)
		if !ok || rest != "" && rest[0] != '{' {
			continue
		}
		for _, label := range labels {
			ok = ok && (strings.Contains(rest, "{"+label) || strings.Contains(rest, ","+label))
		}
		if ok {
			total += v
		}
	}
	return total
}

// Counters of what heddle refuses.
const (
	rejectedRequests = "heddle_receiver_rejected_requests_total"
	rejectedSpans    = "heddle_spans_rejected_total"
	repairedSpans    = "heddle_spans_repaired_total"
	acceptedSpans    = "heddle_spans_accepted_total"
)

// rises demands that do makes a counter rise by at least 1. gRPC servers count
// a call after they have answered it, so that the counter may come a little
// after the answer.
func (s *server) rises(t *testing.T, name string, labels []string, do func()) {
	t.Helper()
	before := s.metrics(t).sum(name, labels...)
	do()
	for end := time.Now().Add(patience / 6); s.metrics(t).sum(name, labels...) <= before; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Errorf("%s%v stayed at %v", name, labels, before)
			return
		}
	}
}
