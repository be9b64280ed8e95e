package demo

import (
	"testing"
	"time"

	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// testStart is the simulated start of every test.
var testStart = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC).UnixNano()

// record runs an engine for a while and returns the requests it sends.
func record(t testing.TB, seed uint64, services int, rate float64, d time.Duration, faultNames ...string) [][]byte {
	t.Helper()
	w, err := newWorld(seed, services)
	if err != nil {
		t.Fatal(err)
	}
	set, err := parseFaults(faultNames)
	if err != nil {
		t.Fatal(err)
	}
	set.within(w.services)
	e := newEngine(w, seed, set, testStart)
	var sent [][]byte
	e.batch.buffer = func() []byte { return nil }
	e.batch.send = func(body []byte, n int) { sent = append(sent, body) }
	for e.now() < testStart+int64(d) {
		e.step(rate)
	}
	e.drain()
	return sent
}

// seen is a span as a backend finds it.
type seen struct {
	*tracepb.Span
	resource map[string]string
	attrs    map[string]*commonpb.AnyValue
}

func (s *seen) str(key string) string { return s.attrs[key].GetStringValue() }

// decode reads requests with the official message types.
func decode(t testing.TB, requests [][]byte) []*seen {
	t.Helper()
	var all []*seen
	for _, body := range requests {
		var req collectorpb.ExportTraceServiceRequest
		if err := proto.Unmarshal(body, &req); err != nil {
			t.Fatalf("request does not decode: %v", err)
		}
		for _, rs := range req.ResourceSpans {
			res := map[string]string{}
			for _, a := range rs.Resource.Attributes {
				res[a.Key] = a.Value.GetStringValue()
			}
			for _, ss := range rs.ScopeSpans {
				for _, sp := range ss.Spans {
					s := &seen{Span: sp, resource: res, attrs: map[string]*commonpb.AnyValue{}}
					for _, a := range sp.Attributes {
						if s.attrs[a.Key] != nil {
							t.Fatalf("span %s has attribute %s twice", sp.Name, a.Key)
						}
						s.attrs[a.Key] = a.Value
					}
					all = append(all, s)
				}
			}
		}
	}
	return all
}

func TestSummary(t *testing.T) {
	sent := record(t, 1, 0, 20, 5*time.Minute)
	spans := decode(t, sent)
	traces := map[string]int{}
	services := map[string]int{}
	attrs, bytes, errors := 0, 0, 0
	for _, s := range spans {
		traces[string(s.TraceId)]++
		services[s.resource["service.name"]]++
		attrs += len(s.attrs)
		if s.Status.GetCode() == 2 {
			errors++
		}
	}
	for _, b := range sent {
		bytes += len(b)
	}
	t.Logf("requests %d traces %d spans %d spans/trace %.1f attrs/span %.1f bytes/span %d errors %.2f%% services %d",
		len(sent), len(traces), len(spans), float64(len(spans))/float64(len(traces)), float64(attrs)/float64(len(spans)), bytes/len(spans), 100*float64(errors)/float64(len(spans)), len(services))
	flags := map[string]int{}
	for _, s := range spans {
		flags[s.str("response_flags")]++
	}
	t.Log(flags, services)
}
