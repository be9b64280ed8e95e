package traceql

import (
	"context"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/heddle-io/heddle/storage"
)

// eager lets streams hand out all that they can.
func eager(o RangeOptions) RangeOptions {
	o.eagerSteps = true
	return o
}

// joined puts the steps of a stream together as clients do: points by series
// and time. It fails on a point or an exemplar that comes twice.
func joined(t *testing.T, r storage.SpanReader, q *Query, o RangeOptions) (all Matrix, steps int, err error) {
	t.Helper()
	at := map[string]int{}
	var last Matrix
	for m, err := range StreamRange(context.Background(), r, q, eager(o)) {
		if err != nil {
			return all, steps, err
		}
		if steps > 0 && !last.More {
			t.Fatalf("%s: a step follows the last one", q)
		}
		last = m
		steps++
		for _, s := range m.Series {
			i, ok := at[labelKey(s.Labels)]
			if !ok {
				at[labelKey(s.Labels)] = len(all.Series)
				all.Series = append(all.Series, s)
				continue
			}
			have := &all.Series[i]
			for cell, v := range s.Values {
				if math.IsNaN(v) {
					continue
				}
				if !math.IsNaN(have.Values[cell]) {
					t.Fatalf("%s: step %d has the point at %d of %v again", q, steps, cell, s.Labels)
				}
				have.Values[cell] = v
			}
			have.Exemplars = append(have.Exemplars, s.Exemplars...)
		}
	}
	if last.More {
		t.Fatalf("%s: there is no last step", q)
	}
	all.Stats = last.Stats
	sortSeries(all.Series)
	for _, s := range all.Series {
		seen := map[Exemplar]bool{}
		for _, x := range s.Exemplars {
			if seen[x] {
				t.Fatalf("%s: exemplar %v comes twice", q, x)
			}
			seen[x] = true
		}
	}
	return all, steps, nil
}

// All steps of a stream are the answer to the query, and the last one of an
// instant query is.
func TestStreamedMetrics(t *testing.T) {
	early, grown := 0, 0
	for seed := range seeds(120) {
		g := newGenerator(seed + 50_000)
		store := storeOf(t, g.spans(1+g.IntN(30)), pick(g, 2, 20, 1000))
		if seed%20 == 0 {
			store = diskOf(t, g.spans(1+g.IntN(30)), pick(g, 5, 20))
		}
		for n := range 20 {
			q := g.query()
			for !q.IsMetrics() {
				q = g.query()
			}
			o := RangeOptions{StepNs: int64(1+g.IntN(300)) * 1e6, Exemplars: g.IntN(20), wholeTraces: g.IntN(3) == 0}
			o.Window.FromNs = epoch + int64(g.IntN(600))*1e6
			o.Window.ToNs = o.Window.FromNs + int64(1+g.IntN(1200))*1e6
			want, err := Range(context.Background(), store, q, o)
			if err != nil {
				t.Fatalf("seed %d/%d: %s\n%v", seed, n, q, err)
			}
			got, steps, err := joined(t, store, q, o)
			if err != nil {
				t.Fatalf("seed %d/%d: %s\n%v", seed, n, q, err)
			}
			if err := sameSeries(got.Series, want.Series); err != nil {
				t.Fatalf("seed %d/%d, whole traces %v: %s\n%v\nstreamed:\n%s\nat once:\n%s", seed, n, o.wholeTraces, q, err, matrixText(got), matrixText(want))
			}
			if steps > 1 && len(got.Series) > 0 {
				early++
			}

			whole, err := Instant(context.Background(), store, q, o)
			if err != nil {
				t.Fatal(err)
			}
			var last Matrix
			for m, err := range StreamInstant(context.Background(), store, q, eager(o)) {
				if err != nil {
					t.Fatal(err)
				}
				if m.More && len(m.Series) > 0 {
					grown++
				}
				last = m
			}
			if err := sameSeries(last.Series, whole.Series); err != nil || last.More {
				t.Fatalf("seed %d/%d, instant: %s\n%v\nstreamed:\n%s\nat once:\n%s", seed, n, q, err, matrixText(last), matrixText(whole))
			}
		}
	}
	if early < int(seeds(500)) || grown < int(seeds(500)) {
		t.Errorf("%d queries were answered in steps, instants grew %d times: the test says too little", early, grown)
	}
}

// Slices cover the window, the newest first, and end where cells do.
func TestSlices(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		from := rng.Int64N(1e6)
		e := &metricsEngine{o: RangeOptions{Window: storage.Window{FromNs: from, ToNs: from + 1 + rng.Int64N(1000)}}}
		e.o.StepNs = 1 + rng.Int64N(e.o.Window.ToNs-from)
		e.cells = int((e.o.Window.ToNs-from-1)/e.o.StepNs) + 1
		s := &metricsSteps{instant: rng.IntN(2) == 0}
		if s.instant {
			e.o.StepNs, e.cells = e.o.Window.ToNs-from, 1
		}
		to := e.o.Window.ToNs
		for slice := range s.slices(e) {
			if slice.Empty() || slice.ToNs != to || !s.instant && (slice.FromNs-from)%e.o.StepNs != 0 {
				t.Fatalf("%+v: slice %v follows what ends at %d", e.o, slice, to)
			}
			to = slice.FromNs
		}
		if to != from {
			t.Fatalf("%+v: the slices end at %d", e.o, to)
		}
	}
}

// A stream that is cut short says so and has what was read, the newest first.
func TestStreamedMetricsArePartial(t *testing.T) {
	store := storeOf(t, manyTraces(400), 50)
	q := mustParse(t, "({ } && { }) | rate()")
	o := RangeOptions{Window: storage.Window{FromNs: epoch, ToNs: epoch + int64(400*time.Millisecond)}, StepNs: int64(time.Millisecond), Budget: Budget{Spans: 100}}
	got, _, err := joined(t, store, q, o)
	if err != nil || !strings.Contains(got.Stats.Partial, "more than 100 spans") {
		t.Errorf("partial %q, %v", got.Stats.Partial, err)
	}
	for _, q := range []string{"({ } && { }) | rate() by(.n)", "{ } | rate() by(.n)"} {
		o.Budget, o.MaxSeries = Budget{}, 60
		got, steps, err := joined(t, store, mustParse(t, q), o)
		if err != nil || len(got.Series) != 60 || steps < 2 || !strings.HasSuffix(got.Stats.Partial, "series, 60 are shown") {
			t.Errorf("%s: %d series in %d steps, partial %q, %v", q, len(got.Series), steps, got.Stats.Partial, err)
		}
	}
	o.StepNs = 0
	if _, _, err := joined(t, store, q, o); err == nil {
		t.Error("a step of 0 is accepted")
	}
	for range StreamRange(context.Background(), store, q, eager(RangeOptions{Window: o.Window, StepNs: 1e6})) {
		break // the consumer may stop
	}
}
