package traceql

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/heddle-io/heddle/storage"
)

// Planner, executor and store together find what the reference finds, in the
// same order, for random queries over random traces, windows and limits.
func TestSearchAgainstReference(t *testing.T) {
	matched := 0
	for seed := range seeds(150) {
		g := newGenerator(seed)
		s := g.spans(1 + g.IntN(25))
		store := storeOf(t, s, pick(g, 1, 3, 10, 1000))
		if seed%15 == 0 {
			store = diskOf(t, s, pick(g, 3, 10, 50))
		}
		traces := refTraces(s)
		for n := range 25 {
			q := &Query{spans: &pipeline{stages: g.stages(2, 1)}}
			o := SearchOptions{Window: storage.AllTime(), Limit: 1 + g.IntN(8), SpansPerSpanset: 100}
			if g.IntN(3) > 0 {
				o.Window.FromNs = epoch + int64(g.IntN(1000))*1e6
				o.Window.ToNs = o.Window.FromNs + int64(g.IntN(600))*1e6
			}
			found, err := Search(context.Background(), store, q, o)
			if err != nil {
				t.Fatalf("seed %d/%d: %s\n%v", seed, n, q, err)
			}
			want := refSearch(traces, q, o)
			if got, want := foundText(found), strings.Join(want[:min(o.Limit, len(want))], "\n"); got != want {
				t.Fatalf("seed %d/%d, window %+v: %s\ngot:\n%s\nwant:\n%s", seed, n, o.Window, q, got, want)
			}
			if !found.More && len(want) > o.Limit {
				t.Fatalf("seed %d/%d: %s\n%d traces match, %d were returned as all", seed, n, q, len(want), o.Limit)
			}
			matched += len(want)
		}
	}
	if matched < int(seeds(5000)) {
		t.Errorf("only %d traces matched in all: the queries say too little", matched)
	}
}

func foundText(found SearchResult) string {
	var list []string
	for _, tr := range found.Traces {
		text := fmt.Sprintf("%s %d", tr.ID, tr.NewestMatchNs-epoch)
		for _, set := range tr.Spansets {
			text += "\n "
			for _, m := range set.Spans {
				text += fmt.Sprintf(" %s@%d", m.SpanID, m.StartNs-epoch)
			}
			for _, a := range set.Attributes {
				text += " " + a.Name + "=" + a.Value.String()
			}
		}
		list = append(list, text)
	}
	return strings.Join(list, "\n")
}

// refSearch returns all traces that match, in order, as foundText prints them.
func refSearch(traces []refTrace, q *Query, o SearchOptions) []string {
	type match struct {
		newest int64
		id     storage.TraceID
		text   string
	}
	var list []match
	for i := range traces {
		tr := &traces[i]
		m := match{newest: math.MinInt64, id: tr.id}
		for _, set := range tr.stages(q.spans.stages, refSet{at: tr.all()}, true) {
			m.text += "\n "
			for _, at := range set.at {
				start := tr.spans[at].startNs
				m.text += fmt.Sprintf(" %s@%d", tr.t.Identities().Span(int32(at)), start-epoch)
				if o.Window.Contains(start) {
					m.newest = max(m.newest, start)
				}
			}
			m.text += set.noteText()
		}
		if m.newest > math.MinInt64 {
			m.text = fmt.Sprintf("%s %d", tr.id, m.newest-epoch) + m.text
			list = append(list, m)
		}
	}
	slices.SortFunc(list, func(a, b match) int {
		return cmp.Or(cmp.Compare(b.newest, a.newest), slices.Compare(a.id[:], b.id[:]))
	})
	var texts []string
	for _, m := range list {
		texts = append(texts, m.text)
	}
	return texts
}

// What the store is asked for is never narrower than the query: every span
// that the query selects satisfies the predicate, and where it is said to be
// exact, no other does.
func TestBoundsAgainstReference(t *testing.T) {
	exact := 0
	for seed := range seeds(200) {
		g := newGenerator(seed + 10_000)
		s := g.spans(1 + g.IntN(10))
		store := storeOf(t, s, 1000)
		keys, err := store.Keys(context.Background(), storage.AllTime())
		if err != nil {
			t.Fatal(err)
		}
		traces := refTraces(s)
		for n := range 30 {
			stages := g.stages(1, 1)
			if g.IntN(2) == 0 {
				stages = []stage{g.filter(2)}
			}
			q := &Query{spans: &pipeline{stages: stages}}
			b := boundStages(stages, typesOf(keys))
			having := map[string]bool{}
			if !b.none {
				for batch, err := range store.Scan(context.Background(), storage.Scan{Window: storage.AllTime(), Where: b.where}) {
					if err != nil {
						t.Fatalf("seed %d/%d: %s: %v", seed, n, q, err)
					}
					for row := range batch.TraceIDs {
						having[fmt.Sprint(batch.TraceIDs[row], batch.SpanIDs[row], batch.StartsNs[row])] = true
					}
				}
			}
			selected := map[string]bool{}
			for i := range traces {
				for _, set := range traces[i].stages(stages, refSet{at: traces[i].all()}, true) {
					for _, at := range set.at {
						selected[fmt.Sprint(traces[i].id, traces[i].spans[at].spanID, traces[i].spans[at].startNs)] = true
					}
				}
			}
			for span := range selected {
				if !having[span] {
					t.Fatalf("seed %d/%d: %s\nselects %s, which the store is not asked for", seed, n, q, span)
				}
			}
			if b.exact && len(having) != len(selected) {
				t.Fatalf("seed %d/%d: %s\nthe store finds %d spans, the query selects %d", seed, n, q, len(having), len(selected))
			}
			if b.exact {
				exact++
			}
			// What is needed anywhere in the trace is there in every match.
			for _, need := range needsOf(stages, typesOf(keys)) {
				traceHas := map[storage.TraceID]bool{}
				for batch, err := range store.Scan(context.Background(), storage.Scan{Window: storage.AllTime(), Where: need}) {
					if err != nil {
						t.Fatal(err)
					}
					for _, id := range batch.TraceIDs {
						traceHas[id] = true
					}
				}
				for i := range traces {
					if sets := traces[i].stages(stages, refSet{at: traces[i].all()}, true); len(sets) > 0 && !traceHas[traces[i].id] {
						t.Fatalf("seed %d/%d: %s\nmatches trace %s, which lacks %v", seed, n, q, traces[i].id, need)
					}
				}
			}
		}
	}
	if exact < int(seeds(500)) {
		t.Errorf("only %d bounds were exact", exact)
	}
}

// Metrics are what the reference counts, whether the store aggregates or whole
// traces are read.
func TestMetricsAgainstReference(t *testing.T) {
	points, aggregated, weighed := 0, 0, 0
	for seed := range seeds(150) {
		g := newGenerator(seed + 20_000)
		g.traceStates = moreTraceStates
		s := g.spans(1 + g.IntN(20))
		store := storeOf(t, s, pick(g, 2, 20, 1000))
		if seed%15 == 0 {
			store = diskOf(t, s, pick(g, 5, 20))
		}
		traces := refTraces(s)
		for n := range 20 {
			m := g.metric().(*metric)
			q := &Query{metrics: m, hints: Hints{Extrapolate: g.IntN(2) == 0}}
			o := RangeOptions{StepNs: int64(1+g.IntN(300)) * 1e6, wholeTraces: g.IntN(3) == 0}
			o.Window.FromNs = epoch + int64(g.IntN(600))*1e6
			o.Window.ToNs = o.Window.FromNs + int64(1+g.IntN(1200))*1e6
			got, err := Range(context.Background(), store, q, o)
			if err != nil {
				t.Fatalf("seed %d/%d: %s\n%v", seed, n, q, err)
			}
			if got.Stats.TracesInspected == 0 && len(got.Series) > 0 {
				aggregated++
				if q.hints.Extrapolate {
					weighed++
				}
			}
			want, extreme := refMetric(traces, m, o, q.hints.Extrapolate)
			if extreme && m.histogram() {
				continue // values that are far apart leave room for coarse buckets only
			}
			if err := sameSeries(got.Series, want); err != nil {
				t.Fatalf("seed %d/%d, whole traces %v, extrapolated %v: %s\n%v\ngot:\n%s\nwant:\n%s", seed, n, o.wholeTraces, q.hints.Extrapolate, q, err, matrixText(got), matrixText(Matrix{Series: want}))
			}
			points += len(want)
		}
	}
	if points < int(seeds(2000)) || aggregated < int(seeds(300)) || weighed < int(seeds(100)) {
		t.Errorf("%d series, %d times from columns, %d times weighed: the queries say too little", points, aggregated, weighed)
	}
}

// compare gives the same from columns and from whole traces.
func TestCompareBothWays(t *testing.T) {
	series := 0
	for seed := range seeds(100) {
		g := newGenerator(seed + 30_000)
		store := storeOf(t, g.spans(1+g.IntN(20)), pick(g, 2, 20, 1000))
		for n := range 10 {
			c := &comparison{selection: g.filter(2), topN: 1 + g.IntN(12)}
			if g.IntN(3) == 0 {
				c.window = &[2]int64{epoch + 3e8, epoch + 6e8}
			}
			q := &Query{metrics: &metric{source: []stage{g.filter(2)}, fn: "compare", compare: c}, hints: Hints{Extrapolate: g.IntN(2) == 0}}
			o := RangeOptions{StepNs: 2e8, Window: storage.Window{FromNs: epoch, ToNs: epoch + 1e9}}
			columns, err := Range(context.Background(), store, q, o)
			if err != nil {
				t.Fatal(err)
			}
			o.wholeTraces = true
			traces, err := Range(context.Background(), store, q, o)
			if err != nil {
				t.Fatal(err)
			}
			if err := sameSeries(columns.Series, traces.Series); err != nil {
				t.Fatalf("seed %d/%d, extrapolated %v: %s\n%v\nfrom columns:\n%s\nfrom traces:\n%s", seed, n, q.hints.Extrapolate, q, err, matrixText(columns), matrixText(traces))
			}
			if columns.Stats.TracesInspected == 0 {
				series += len(columns.Series)
			}
		}
	}
	if series < int(seeds(5000)) {
		t.Errorf("only %d series from columns", series)
	}
}

func sameSeries(got, want []Series) error {
	if len(got) != len(want) {
		return fmt.Errorf("%d series, want %d", len(got), len(want))
	}
	for i := range got {
		if labelKey(got[i].Labels) != labelKey(want[i].Labels) {
			return fmt.Errorf("series %d is %v, want %v", i, got[i].Labels, want[i].Labels)
		}
		for cell, v := range got[i].Values {
			w := want[i].Values[cell]
			if v != w && !(math.IsNaN(v) && math.IsNaN(w)) && !(math.Abs(v-w) <= 1e-9*max(math.Abs(v), math.Abs(w))) {
				return fmt.Errorf("series %v is %v at %d, want %v", got[i].Labels, v, cell, w)
			}
		}
	}
	return nil
}

// refMetric evaluates a metric by listing the values of every point.
func refMetric(traces []refTrace, m *metric, o RangeOptions, extrapolate bool) (list []Series, extreme bool) {
	type point struct {
		count    float64
		measured []float64
		weights  []float64 // of measured
	}
	cells := int((o.Window.ToNs-o.Window.FromNs-1)/o.StepNs) + 1
	labels, points := map[string][]Label{}, map[string][]point{}
	at := func(list []Label) []point {
		key := labelKey(list)
		if points[key] == nil {
			labels[key], points[key] = list, make([]point, cells)
		}
		return points[key]
	}
	if len(m.by) == 0 && m.arg == nil {
		at(nil)
	}
	for i := range traces {
		tr := &traces[i]
		for _, set := range tr.stages(m.source, refSet{at: tr.all()}, true) {
			for _, p := range set.at {
				start := tr.spans[p].startNs
				if !o.Window.Contains(start) {
					continue
				}
				var list []Label
				for _, f := range m.by {
					x := Value{}
					if values := tr.values(f, p); len(values) > 0 {
						x = values[0]
					}
					list = append(list, Label{f.String(), x})
				}
				c := &at(list)[(start-o.Window.FromNs)/o.StepNs]
				weight := 1.0
				if extrapolate {
					weight = tr.spans[p].weight()
				}
				c.count += weight
				if m.arg == nil {
					continue
				}
				if values := tr.eval(m.arg, p); len(values) > 0 {
					if f, ok := values[0].Number(); ok && !math.IsNaN(f) {
						c.measured = append(c.measured, f)
						c.weights = append(c.weights, weight)
						extreme = extreme || f > 1e20 || f > 0 && f < 1e-20
					}
				}
			}
		}
	}
	unit := 1.0
	if m.arg != nil && typeOf(m.arg) == TypeDuration {
		unit = 1e9
	}
	var out []Series
	for key, list := range points {
		add := func(f func(cell int, c point) float64, more ...Label) {
			s := Series{Labels: append(slices.Clone(labels[key]), more...)}
			for i, c := range list {
				v := math.NaN()
				if m.arg == nil || len(c.measured) > 0 {
					v = f(i, c)
				}
				s.Values = append(s.Values, v)
			}
			out = append(out, s)
		}
		total := func(c point) (sum, weight float64) {
			for i, x := range c.measured {
				if c.weights[i] > 0 {
					sum += x * c.weights[i]
					weight += c.weights[i]
				}
			}
			return sum, weight
		}
		switch m.fn {
		case "rate":
			add(func(i int, c point) float64 {
				from := o.Window.FromNs + int64(i)*o.StepNs
				return c.count * 1e9 / float64(min(from+o.StepNs, o.Window.ToNs)-from)
			})
		case "count_over_time":
			add(func(_ int, c point) float64 { return c.count })
		case "sum_over_time":
			add(func(_ int, c point) float64 {
				sum, _ := total(c)
				return sum / unit
			})
		case "avg_over_time":
			add(func(_ int, c point) float64 {
				sum, weight := total(c)
				return sum / weight / unit
			})
		case "min_over_time":
			add(func(_ int, c point) float64 { return slices.Min(c.measured) / unit })
		case "max_over_time":
			add(func(_ int, c point) float64 { return slices.Max(c.measured) / unit })
		case "quantile_over_time":
			for _, q := range m.quantiles {
				add(func(_ int, c point) float64 {
					var h storage.WeightedHistogram
					for i, x := range c.measured {
						if c.weights[i] > 0 {
							h.ObserveTimes(x, c.weights[i])
						}
					}
					return min(max(h.Quantile(q), slices.Min(c.measured)), slices.Max(c.measured)) / unit
				}, Label{labelQuantile, Float(q)})
			}
		case "histogram_over_time":
			bounds := map[float64]bool{}
			bound := func(x float64) float64 {
				if x <= 0 {
					return 0
				}
				return math.Exp2(math.Ceil(math.Log2(min(x, math.MaxFloat64))))
			}
			for _, c := range list {
				for i, x := range c.measured {
					if c.weights[i] > 0 {
						bounds[bound(x)] = true
					}
				}
			}
			for b := range bounds {
				s := Series{Labels: append(slices.Clone(labels[key]), Label{labelBucket, Float(b / unit)})}
				for _, c := range list {
					n := 0.0
					for i, x := range c.measured {
						if bound(x) == b {
							n += c.weights[i]
						}
					}
					s.Values = append(s.Values, n)
				}
				out = append(out, s)
			}
		}
	}
	out = withPoints(out)
	sortSeries(out)
	return out, extreme
}

func TestWrongKindOfQuery(t *testing.T) {
	store := storeOf(t, draw(t, "a front x 0s+1s"), 0)
	spans, _ := Parse("{ }")
	metrics, _ := Parse("{ } | rate()")
	if _, err := Search(context.Background(), store, metrics, SearchOptions{Window: storage.AllTime(), Limit: 1}); !errors.Is(err, ErrWrongKind) {
		t.Errorf("search for metrics: %v", err)
	}
	if _, err := Instant(context.Background(), store, spans, RangeOptions{Window: storage.Window{FromNs: 0, ToNs: 1}}); !errors.Is(err, ErrWrongKind) {
		t.Errorf("metrics of a search: %v", err)
	}
}
