package jaeger

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"net/url"
	"strconv"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage"
)

// metricFamily decodes as the Jaeger UI reads it.
type metricFamily struct {
	Name, Type, Help string
	Metrics          []struct {
		Labels       []struct{ Name, Value string }
		MetricPoints []struct {
			GaugeValue struct{ DoubleValue any }
			Timestamp  time.Time
		}
	}
}

// calls of one service that the metrics are computed from by hand.
type call struct {
	start    time.Duration
	duration time.Duration
	failed   bool
}

func randomCalls(r *rand.Rand) []call {
	calls := make([]call, 400)
	for i := range calls {
		calls[i] = call{time.Duration(r.Int64N(int64(time.Hour))), time.Duration(r.Int64N(int64(time.Second))), r.IntN(5) == 0}
	}
	return calls
}

func callTraces(calls []call) ptrace.Traces {
	td := ptrace.NewTraces()
	spans := service(td, "busy", nil)
	for i, c := range calls {
		s := add(spans, fields{trace: traceID(1, byte(i)), id: spanID(byte(i)), name: "op", kind: ptrace.SpanKindServer, from: c.start, to: c.start + c.duration})
		switch {
		case c.failed && i%2 == 0: // as Envoy says it
			s.Attributes().PutStr("error", "true")
		case c.failed:
			s.Status().SetCode(ptrace.StatusCodeError)
		}
	}
	return td
}

// TestMetricsByHand compares every point with what the calls in [t-ratePer, t)
// say, for windows that do and do not divide into each other.
func TestMetricsByHand(t *testing.T) {
	calls := randomCalls(rand.New(rand.NewPCG(1, 2)))
	for name, store := range stores(t, callTraces(calls)) {
		h := NewHandler(Options{Spans: store, Now: now})
		for _, c := range []struct{ step, ratePer, lookback time.Duration }{
			{time.Minute, 10 * time.Minute, 50 * time.Minute},
			{10 * time.Minute, time.Minute, 50 * time.Minute},
			{6 * time.Minute, 4 * time.Minute, 55 * time.Minute},
			{7 * time.Second, 7 * time.Second, 3 * time.Minute},
			{time.Hour, time.Hour, 0},
		} {
			end := day.Add(59 * time.Minute)
			q := url.Values{
				"service": {"busy"}, "quantile": {"0.5"}, "endTs": {millis(end.UnixMilli())}, "lookback": {millis(c.lookback.Milliseconds())},
				"step": {millis(c.step.Milliseconds())}, "ratePer": {millis(c.ratePer.Milliseconds())},
			}
			for _, metric := range []string{"calls", "errors", "latencies"} {
				where := fmt.Sprintf("%s %s %v", name, metric, c)
				var f metricFamily
				if err := json.Unmarshal(get(h, "/api/metrics/"+metric+"?"+q.Encode()).Body.Bytes(), &f); err != nil || len(f.Metrics) != 1 {
					t.Fatalf("%s: %+v, %v", where, f, err)
				}
				points := f.Metrics[0].MetricPoints
				if want := int(c.lookback/c.step) + 1; len(points) != want {
					t.Fatalf("%s: %d points, want %d", where, len(points), want)
				}
				for i, p := range points {
					to := end.Add(-c.lookback + time.Duration(i)*c.step)
					if !p.Timestamp.Equal(to) {
						t.Fatalf("%s: point %d is at %v, want %v", where, i, p.Timestamp, to)
					}
					want := byHand(calls, metric, to.Sub(day)-c.ratePer, to.Sub(day))
					if got := number(t, p.GaugeValue.DoubleValue); math.Abs(got-want) > 1e-12 && !(math.IsNaN(got) && math.IsNaN(want)) {
						t.Fatalf("%s: point %d is %v, want %v", where, i, got, want)
					}
				}
			}
		}
	}
}

func millis(n int64) string { return strconv.FormatInt(n, 10) }

func number(t *testing.T, v any) float64 {
	t.Helper()
	if v == "NaN" {
		return math.NaN()
	}
	f, ok := v.(float64)
	if !ok {
		t.Fatalf("%v is not a number", v)
	}
	return f
}

func byHand(calls []call, metric string, from, to time.Duration) float64 {
	var all, failed float64
	var histogram storage.ExpHistogram
	for _, c := range calls {
		if from <= c.start && c.start < to {
			all++
			histogram.Observe(float64(c.duration))
			if c.failed {
				failed++
			}
		}
	}
	switch metric {
	case "calls":
		return all / (to - from).Seconds()
	case "errors":
		return failed / all
	}
	return histogram.Quantile(0.5) / 1e6
}

func TestMetricsDefaults(t *testing.T) {
	store := memoryOf(callTraces([]call{{start: 59*time.Minute + 30*time.Second, duration: time.Second}}))
	var f metricFamily
	if err := json.Unmarshal(get(newTestHandler(store), "/api/metrics/calls?service=busy").Body.Bytes(), &f); err != nil {
		t.Fatal(err)
	}
	points := f.Metrics[0].MetricPoints
	if n := len(points); n != 721 || !points[n-1].Timestamp.Equal(now()) || points[n-1].GaugeValue.DoubleValue != 1.0/600 {
		t.Errorf("%d points, the last %+v", n, points[n-1])
	}
	if points[714].GaugeValue.DoubleValue != 0.0 || points[715].GaugeValue.DoubleValue == 0.0 {
		t.Errorf("around the call: %+v %+v", points[714], points[715])
	}
}

func TestAppendTimestamp(t *testing.T) {
	for ns, want := range map[int64]string{
		0: "1970-01-01T00:00:00Z", 806e6: "1970-01-01T00:00:00.806Z", 1500: "1970-01-01T00:00:00.000001500Z", 2000: "1970-01-01T00:00:00.000002Z", -1e9: "1969-12-31T23:59:59Z",
	} {
		if got := string(appendTimestamp(nil, ns)); got != want {
			t.Errorf("%d: %s, want %s", ns, got, want)
		}
	}
}
