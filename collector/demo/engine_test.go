package demo

import (
	"bytes"
	"testing"
	"time"

	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// testStart is the simulated start of every test.
var testStart = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC).UnixNano()

// scene is a stretch of simulated time.
type scene struct {
	seed     uint64
	services int
	rate     float64
	length   time.Duration
	faults   []string
	noSkew   bool
}

// record plays a scene and returns the requests that the shop sends.
func record(t testing.TB, sc scene) [][]byte {
	t.Helper()
	w, err := newWorld(sc.seed, sc.services)
	if err != nil {
		t.Fatal(err)
	}
	if sc.noSkew {
		for i := range w.nodes {
			w.nodes[i].skew = 0
		}
	}
	set, err := parseFaults(sc.faults)
	if err != nil {
		t.Fatal(err)
	}
	set.within(w.services)
	e := newEngine(w, sc.seed, set, testStart)
	var sent [][]byte
	e.batch.buffer = func() []byte { return nil }
	e.batch.send = func(body []byte, _ int) { sent = append(sent, body) }
	for e.now() < testStart+int64(sc.length) {
		e.step(sc.rate)
	}
	e.drain()
	return sent
}

// seen is a span as a backend finds it.
type seen struct {
	*tracepb.Span
	resource map[string]string
}

func (s *seen) attr(key string) *commonpb.AnyValue {
	for _, a := range s.Attributes {
		if a.Key == key {
			return a.Value
		}
	}
	return nil
}

func (s *seen) str(key string) string { return s.attr(key).GetStringValue() }

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
					all = append(all, &seen{Span: sp, resource: res})
				}
			}
		}
	}
	return all
}

func wholeShop(t testing.TB) *world {
	t.Helper()
	w, err := newWorld(1, 0)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// byTrace groups spans by trace id.
func byTrace(spans []*seen) map[string][]*seen {
	traces := map[string][]*seen{}
	for _, s := range spans {
		traces[string(s.TraceId)] = append(traces[string(s.TraceId)], s)
	}
	return traces
}

func (s *seen) service() string { return s.resource["service.name"] }
func (s *seen) duration() time.Duration {
	return time.Duration(s.EndTimeUnixNano - s.StartTimeUnixNano)
}

// proxied says whether a proxy reported the span.
func (s *seen) proxied() bool {
	return s.str("component") == "proxy" || s.service() == "linkerd-proxy"
}

func TestSameSeedSameBytes(t *testing.T) {
	sc := scene{seed: 7, rate: 20, length: 40 * time.Second}
	first, second := record(t, sc), record(t, sc)
	if len(first) == 0 || len(first) != len(second) {
		t.Fatalf("%d requests, then %d", len(first), len(second))
	}
	for i := range first {
		if !bytes.Equal(first[i], second[i]) {
			t.Fatalf("request %d of %d differs", i, len(first))
		}
	}
	sc.seed = 8
	if other := record(t, sc); bytes.Equal(bytes.Join(first, nil), bytes.Join(other, nil)) {
		t.Fatal("another seed made the same telemetry")
	}
}

// A store keeps what earlier shops sent: the traces of one that is started
// again must not be taken for theirs.
func TestAnotherStartMakesOtherTraces(t *testing.T) {
	w := wholeShop(t)
	first, second := newSimulator(w, 1, faultSet{}, testStart), newSimulator(w, 1, faultSet{}, testStart+1)
	seen := map[[16]byte]bool{}
	for i := range uint64(100) {
		seen[first.visit(i, testStart).id] = true
	}
	for i := range uint64(100) {
		if id := second.visit(i, testStart).id; seen[id] {
			t.Fatalf("both shops have a trace %x", id)
		}
	}
}

func TestScatteredAndLate(t *testing.T) {
	sent := record(t, scene{seed: 1, rate: 20, length: 20 * time.Second})
	requests := map[string]int{} // trace -> requests that carry a part of it
	for _, body := range sent {
		spans := decode(t, [][]byte{body})
		for _, s := range spans {
			if s.resource["k8s.pod.name"] != spans[0].resource["k8s.pod.name"] {
				t.Fatal("a request carries spans of two pods")
			}
		}
		for id := range byTrace(spans) {
			requests[id]++
		}
	}
	scattered := 0
	for _, n := range requests {
		if n > 3 {
			scattered++
		}
	}
	if scattered < len(requests)/2 {
		t.Errorf("only %d of %d traces arrive in more than 3 requests", scattered, len(requests))
	}
}

func TestEveryServiceSpeaks(t *testing.T) {
	spans := decode(t, record(t, scene{seed: 1, rate: 8, length: 3 * time.Minute}))
	all := wholeShop(t).list
	heard := map[string]map[string]bool{} // service -> versions
	attributes := 0
	for _, s := range spans {
		if heard[s.service()] == nil {
			heard[s.service()] = map[string]bool{}
		}
		heard[s.service()][s.resource["service.version"]] = true
		attributes += len(s.Attributes)
	}
	if len(all) < 40 {
		t.Errorf("the shop has %d services, want 40 or more", len(all))
	}
	for _, s := range all {
		if heard[s.name] == nil {
			t.Errorf("nothing from %s", s.name)
		}
		if s.mesh == meshIstio && heard[s.canonical] == nil {
			t.Errorf("nothing from the proxies %s", s.canonical)
		}
		if s.stable < len(s.pods) && len(heard[s.name]) != 2 {
			t.Errorf("versions of %s: %v, want two", s.name, heard[s.name])
		}
	}
	if mean := float64(attributes) / float64(len(spans)); mean < 18 || mean > 22 {
		t.Errorf("%.1f attributes a span, want about 20", mean)
	}
}
