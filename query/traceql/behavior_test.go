package traceql

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

// manyTraces are n traces of a root and a child, one a millisecond. Every
// 1000th has a span with the attribute rare, which starts before its window.
func manyTraces(n int) *storage.Spans {
	b := storage.NewSpansBuilder(3 * n)
	resource := b.AddResource(storage.Resource{Attributes: b.AddAttrs(b.Attr("service.name", storage.String("front")))})
	scope := b.AddScope(storage.InstrumentationScope{})
	for i := range n {
		f := storage.SpanFields{SpanID: storage.SpanID{7: 1}, Name: "root", Kind: 2, StartNs: epoch + int64(i)*1e6, DurationNs: 1000, Resource: resource, Scope: scope}
		binary.BigEndian.PutUint64(f.TraceID[8:], uint64(i+1))
		b.AddSpan(f)
		b.SetAttributes(b.Attr("n", storage.Int(int64(i))))
		f.ParentID, f.SpanID, f.Name = f.SpanID, storage.SpanID{7: 2}, "child"
		b.AddSpan(f)
		if i%1000 == 0 {
			f.SpanID, f.StartNs = storage.SpanID{7: 3}, f.StartNs-int64(time.Hour)
			b.AddSpan(f)
			b.SetAttributes(b.Attr("rare", storage.Bool(true)))
		}
	}
	return b.Spans()
}

func mustParse(t testing.TB, text string) *Query {
	t.Helper()
	q, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func TestSearchStopsEarly(t *testing.T) {
	store := storeOf(t, manyTraces(3000), 500)
	found, err := Search(context.Background(), store, mustParse(t, "{ name = `child` }"), SearchOptions{Window: storage.AllTime(), Limit: 5})
	if err != nil {
		t.Fatal(err)
	}
	if len(found.Traces) != 5 || !found.More || found.Traces[0].NewestMatchNs != epoch+2999e6 {
		t.Errorf("found %d, more %v", len(found.Traces), found.More)
	}
	if found.Stats.TracesInspected > 50 || found.Stats.SpansScanned > 3000 {
		t.Errorf("looked at too much: %+v", found.Stats)
	}
}

// What makes a trace match may be rare and lie outside of the window; then the
// store is asked for the traces that have it instead of reading all.
func TestSearchLooksForWhatIsRare(t *testing.T) {
	store := storeOf(t, manyTraces(10_000), 2000)
	window := storage.Window{FromNs: epoch, ToNs: epoch + int64(time.Hour)}
	for _, query := range []string{"{ .rare } && { name = `root` }", "{ .rare } ~ { name = `child` }", "{ name = `root` } | ({ .rare } | count()) > 0 && { }"} {
		found, err := Search(context.Background(), store, mustParse(t, query), SearchOptions{Window: window, Limit: 20})
		if err != nil {
			t.Fatal(err)
		}
		want := 10
		if strings.Contains(query, "count") || strings.Contains(query, "nobody") { // the filter behind count sees roots only
			want = 0
		}
		if len(found.Traces) != want || found.More {
			t.Errorf("%s: %d traces, more %v, want %d", query, len(found.Traces), found.More, want)
		}
		if !strings.Contains(query, "count") && found.Stats.TracesInspected > 1000 {
			t.Errorf("%s: read %d traces", query, found.Stats.TracesInspected)
		}
	}
}

func TestBudgets(t *testing.T) {
	store := storeOf(t, manyTraces(3000), 500)
	window := storage.Window{FromNs: epoch, ToNs: epoch + int64(time.Hour)}
	for want, budget := range map[string]Budget{
		"more than 100 spans had to be inspected":  {Spans: 100},
		"more than 1000 bytes had to be inspected": {Bytes: 1000},
		"it took longer than 1ns":                  {Duration: 1},
	} {
		found, err := Search(context.Background(), store, mustParse(t, "{ } | count() > 1"), SearchOptions{Window: window, Limit: 1000, Budget: budget})
		if err != nil {
			t.Fatal(err)
		}
		if found.Stats.Partial != want || !found.More || len(found.Traces) == 1000 {
			t.Errorf("%+v: %d traces, more %v, partial %q", budget, len(found.Traces), found.More, found.Stats.Partial)
		}
		m, err := Instant(context.Background(), store, mustParse(t, "{ } | count() > 1 | rate()"), RangeOptions{Window: window, Budget: budget})
		if err != nil {
			t.Fatal(err)
		}
		if m.Stats.Partial != want {
			t.Errorf("%+v: metrics partial %q", budget, m.Stats.Partial)
		}
	}
}

// slowStore answers with what it has and then with nothing until ctx ends.
type slowStore struct{ storage.SpanReader }

func (s slowStore) Scan(ctx context.Context, q storage.Scan) iter.Seq2[*storage.Batch, error] {
	return func(yield func(*storage.Batch, error) bool) {
		for b, err := range s.SpanReader.Scan(ctx, q) {
			if !yield(b, err) {
				return
			}
		}
		<-ctx.Done()
		yield(nil, ctx.Err())
	}
}

func (s slowStore) Tally(ctx context.Context, q storage.Tally, worker func() func(storage.TallyBatch) bool) error {
	if err := s.SpanReader.Tally(ctx, q, worker); err != nil {
		return err
	}
	<-ctx.Done()
	return ctx.Err()
}

// When the time of a budget is over while the store is asked, what was found
// before is the answer, and a client that leaves gets none.
func TestTimeIsOverInTheStore(t *testing.T) {
	store := slowStore{storeOf(t, manyTraces(300), 50)}
	window := storage.Window{FromNs: epoch, ToNs: epoch + int64(300*time.Millisecond)}
	budget := Budget{Duration: time.Second}
	const want = "it took longer than 1s"
	found, err := Search(context.Background(), store, mustParse(t, "{ .n >= 0 }"), SearchOptions{Window: window, Limit: 1000, Budget: budget})
	if err != nil || found.Stats.Partial != want || !found.More || len(found.Traces) == 0 {
		t.Errorf("%d traces, more %v, partial %q, %v", len(found.Traces), found.More, found.Stats.Partial, err)
	}
	for _, query := range []string{"{ } | count() > 1 | count_over_time()", "{ } | compare({ name = `root` })"} {
		m, err := Instant(context.Background(), store, mustParse(t, query), RangeOptions{Window: window, Budget: budget})
		found := slices.ContainsFunc(m.Series, func(s Series) bool { return s.Values[0] > 0 })
		if err != nil || m.Stats.Partial != want || !found {
			t.Errorf("%s: %v, %v", query, m, err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
		if _, err := Instant(ctx, store, mustParse(t, query), RangeOptions{Window: window, Budget: budget}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", query, err)
		}
		cancel()
	}
}

// endingStore answers some questions and then none until ctx ends.
type endingStore struct {
	storage.SpanReader
	left int
}

func (s *endingStore) Aggregate(ctx context.Context, q storage.Aggregation) ([]storage.Group, error) {
	if s.left--; s.left < 0 {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return s.SpanReader.Aggregate(ctx, q)
}

func (s *endingStore) Scan(ctx context.Context, q storage.Scan) iter.Seq2[*storage.Batch, error] {
	if s.left--; s.left < 0 {
		return func(yield func(*storage.Batch, error) bool) { <-ctx.Done(); yield(nil, ctx.Err()) }
	}
	return s.SpanReader.Scan(ctx, q)
}

func (s *endingStore) Tally(ctx context.Context, q storage.Tally, worker func() func(storage.TallyBatch) bool) error {
	var mu sync.Mutex // guards left
	err := s.SpanReader.Tally(ctx, q, func() func(storage.TallyBatch) bool {
		visit := worker()
		return func(b storage.TallyBatch) bool {
			mu.Lock()
			s.left--
			over := s.left < 0
			mu.Unlock()
			if over {
				<-ctx.Done()
				return false
			}
			return visit(b)
		}
	})
	return errors.Join(err, ctx.Err())
}

// What is left of metrics when the time is over is the newest part of the
// window, whole; of the rest there are no points, for zero would be an answer.
func TestTimeIsOverOnTheWay(t *testing.T) {
	store := storeOf(t, manyTraces(160), 10)
	o := RangeOptions{
		Window: storage.Window{FromNs: epoch, ToNs: epoch + int64(160*time.Millisecond)}, StepNs: int64(10 * time.Millisecond), Exemplars: 16,
		Budget: Budget{Duration: time.Second},
	}
	for query, left := range map[string]int{
		"{ } | rate()": 2 + 3, // two slices and the exemplars of their cells
		"({ } && { }) | count_over_time() by(name) | topk(1)": 2,
		"{ } | histogram_over_time(duration)":                 2 + 3,
	} {
		m, err := Range(context.Background(), &endingStore{store, left}, mustParse(t, query), o)
		if err != nil || m.Stats.Partial != "it took longer than 1s" || len(m.Series) == 0 {
			t.Errorf("%s: %v, %v", query, m, err)
			continue
		}
		values := m.Series[0].Values
		from := slices.IndexFunc(values, func(v float64) bool { return !math.IsNaN(v) })
		if from <= 0 || slices.ContainsFunc(values[from:], func(v float64) bool { return !(v > 0) }) {
			t.Errorf("%s: %v", query, values)
		}
		for _, x := range m.Series[0].Exemplars {
			if x.TimeNs < m.CellNs(from) || math.IsNaN(x.Value) {
				t.Errorf("%s: exemplar %v", query, x)
			}
		}
	}

	m, err := Instant(context.Background(), &endingStore{store, 1}, mustParse(t, "{ } | compare({ name = `root` })"), o)
	if err != nil || m.Stats.Partial == "" {
		t.Fatalf("%v, %v", m, err)
	}
	spans := map[string]float64{}
	for _, s := range m.Series {
		if s.Labels[0].Name == labelMetaType && s.Labels[1] == (Label{Name: "name"}) {
			spans[s.Labels[0].Value.Str()] = s.Values[0]
		}
	}
	if root, child := spans["selection_total"], spans["baseline_total"]; root == 0 || root == 160 || math.Abs(root-child) > 10 {
		t.Errorf("the sides are not of the same spans: %v", spans)
	}
}

func TestStreamInOrder(t *testing.T) {
	store := storeOf(t, manyTraces(500), 50)
	q := mustParse(t, "{ .n % 2 = 0 }")
	o := SearchOptions{Window: storage.AllTime(), Limit: 100}
	whole, err := Search(context.Background(), store, q, o)
	if err != nil {
		t.Fatal(err)
	}
	var got []TraceResult
	steps := 0
	for step, err := range Stream(context.Background(), store, q, o) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, step.Traces...)
		if len(step.Traces) > 0 {
			steps++
		}
	}
	if steps < 3 {
		t.Errorf("%d steps only", steps)
	}
	if len(got) != 100 || len(whole.Traces) != 100 {
		t.Fatalf("%d traces in steps, %d at once", len(got), len(whole.Traces))
	}
	for i := range got {
		if got[i].ID != whole.Traces[i].ID || i > 0 && got[i].NewestMatchNs > got[i-1].NewestMatchNs {
			t.Errorf("trace %d is out of order", i)
		}
	}
	for step := range Stream(context.Background(), store, q, o) {
		if len(step.Traces) > 0 {
			break // nothing may go on, or panic
		}
	}
}

func TestCancel(t *testing.T) {
	store := storeOf(t, manyTraces(500), 50)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	n := 0
	for step, err := range Stream(ctx, store, mustParse(t, "{ .n % 2 = 0 }"), SearchOptions{Window: storage.AllTime(), Limit: 1000}) {
		if err != nil {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("error %v", err)
			}
			n = -1
			break
		}
		n += len(step.Traces)
		cancel()
	}
	if n >= 0 {
		t.Errorf("went on after it was cancelled: %d traces", n)
	}
	if _, err := Instant(ctx, store, mustParse(t, "{ } | rate()"), RangeOptions{Window: storage.Window{FromNs: 0, ToNs: 1}}); !errors.Is(err, context.Canceled) {
		t.Errorf("metrics: %v", err)
	}
}

func TestBounds(t *testing.T) {
	s := manyTraces(50)
	for row := range s.TraceIDs { // all in one trace
		s.TraceIDs[row] = storage.TraceID{1}
		s.SpanIDs[row] = storage.SpanID{0: 1, 6: byte(row >> 8), 7: byte(row)}
	}
	store := storeOf(t, s, 0)
	window := storage.Window{FromNs: epoch, ToNs: epoch + int64(time.Hour)}
	m, err := Range(context.Background(), store, mustParse(t, "{ } && { } | rate() by(.n)"), RangeOptions{
		Window: window, StepNs: int64(time.Minute), MaxSeries: 10,
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Series) != 10 || m.Stats.Partial != "there are 51 series, the 10 largest are shown" {
		t.Errorf("%d series, partial %q", len(m.Series), m.Stats.Partial)
	}
	if len(m.Series[0].Values) != 60 || m.CellNs(1) != epoch+int64(time.Minute) {
		t.Errorf("%d cells, the second at %d", len(m.Series[0].Values), m.CellNs(1))
	}
	for _, o := range []RangeOptions{
		{Window: window}, {Window: window, StepNs: -1}, {Window: storage.AllTime(), StepNs: 1}, {StepNs: 1},
		{Window: window, StepNs: 1}, {Window: window, StepNs: 1e12, MaxSeries: -1}, {Window: window, StepNs: 1e12, Exemplars: -1},
	} {
		if _, err := Range(context.Background(), store, mustParse(t, "{ } | rate()"), o); err == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
	for _, o := range []SearchOptions{{Window: window}, {Window: window, Limit: 1, SpansPerSpanset: -1}} {
		if _, err := Search(context.Background(), store, mustParse(t, "{ }"), o); err == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
}

func TestTooManyGroups(t *testing.T) {
	b := storage.NewSpansBuilder(maxGroups + 1)
	resource, scope := b.AddResource(storage.Resource{}), b.AddScope(storage.InstrumentationScope{})
	for i := range maxGroups + 1 {
		f := storage.SpanFields{TraceID: storage.TraceID{1}, Name: fmt.Sprint(i), StartNs: epoch, Resource: resource, Scope: scope}
		binary.BigEndian.PutUint64(f.SpanID[:], uint64(i+1))
		b.AddSpan(f)
	}
	tr := trace.Build(b.Spans())[0]
	if _, err := Select(mustParse(t, "{ } | by(name)"), tr); !errors.Is(err, storage.ErrTooLarge) {
		t.Errorf("error %v", err)
	}
	at, err := Select(mustParse(t, "{ name = `7` } || { name =~ `1.` }"), tr)
	if err != nil || len(at) != 11 {
		t.Errorf("%d spans, %v", len(at), err)
	}
	if _, err := Select(mustParse(t, "{ } | rate()"), tr); !errors.Is(err, ErrWrongKind) {
		t.Errorf("error %v", err)
	}
}

// Too many series are refused with the same words whoever counts them.
func TestTooManySeries(t *testing.T) {
	store := storeOf(t, manyTraces(800), 100)
	o := RangeOptions{Window: storage.Window{FromNs: epoch, ToNs: epoch + int64(time.Second)}, StepNs: int64(100 * time.Microsecond)}
	for _, o.wholeTraces = range []bool{false, true} {
		_, err := Range(context.Background(), store, mustParse(t, "{ } | rate() by(.n)"), o)
		if !errors.Is(err, storage.ErrTooLarge) || !strings.HasPrefix(err.Error(), "traceql: by(…) makes more series than fit into memory, which are 400 of 10000 steps with 128 MiB of labels: group by less") {
			t.Errorf("from whole traces %v: %v", o.wholeTraces, err)
		}
	}
}

// Values may be long: what is held of them is bounded in bytes, too.
func TestLongLabels(t *testing.T) {
	q := mustParse(t, "{ } | rate() by(.a)")
	e, err := newMetricsEngine(context.Background(), storeOf(t, manyTraces(1), 1), q, RangeOptions{Window: storage.Window{FromNs: 0, ToNs: 1}, StepNs: 1})
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", maxHeldText/10)
	g := e.groups[e.metrics[0]]
	for i := range 10 {
		_, err := g.group([]Value{String(fmt.Sprint(i) + long)})
		if (err == nil) != (i < 9) || err != nil && (!errors.Is(err, storage.ErrTooLarge) || !strings.Contains(err.Error(), "128 MiB")) {
			t.Errorf("group %d: %v", i, err)
		}
	}

	e, err = newMetricsEngine(context.Background(), storeOf(t, manyTraces(1), 1), mustParse(t, "{ } | compare({ .a = 1 })"), RangeOptions{Window: storage.Window{FromNs: 0, ToNs: 1}, StepNs: 1})
	if err != nil {
		t.Fatal(err)
	}
	c := e.compared[e.metrics[0]]
	for i := range 10 {
		c.countValue(c.key(field{scope: scopeSpan, name: "a"}), String(fmt.Sprint(i)+long), counted{0, 0, 1})
	}
	if list := c.series(); len(list) != 9+2 || list[len(list)-1].Labels[0].Name != labelMetaError {
		t.Errorf("%d series", len(list))
	}
}

// Attributes of which every span has another value do not take the room of
// others.
func TestCompareWithManyIDs(t *testing.T) {
	const cells = 240
	b := storage.NewSpansBuilder(6000)
	resource, scope := b.AddResource(storage.Resource{}), b.AddScope(storage.InstrumentationScope{})
	for i := range 6000 { // the first in time has what the others have not
		f := storage.SpanFields{TraceID: storage.TraceID{1}, Name: "a", StartNs: epoch + int64(i)*1e6, Resource: resource, Scope: scope}
		binary.BigEndian.PutUint64(f.SpanID[:], uint64(i+1))
		b.AddSpan(f)
		b.SetAttributes(b.Attr("id1", storage.Int(int64(i))), b.Attr("id2", storage.Int(int64(-i))), b.Attr("zone", storage.String([]string{"a", "b"}[min(i, 1)])))
	}
	o := RangeOptions{Window: storage.Window{FromNs: epoch, ToNs: epoch + 6000*1e6}, StepNs: 6000 * 1e6 / cells}
	for _, o.wholeTraces = range []bool{false, true} {
		m, err := Range(context.Background(), storeOf(t, b.Spans(), 3000), mustParse(t, "{ } | compare({ span.id1 < 7 })"), o)
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]float64{}
		for _, s := range m.Series {
			for _, v := range s.Values {
				if s.Labels[1].Name == "span.zone" {
					found[s.Labels[0].Value.Str()+" "+s.Labels[1].Value.Text()] += v
				}
			}
		}
		want := map[string]float64{"selection a": 1, "selection b": 6, "baseline b": 5993, "selection_total nil": 7, "baseline_total nil": 5993}
		if !maps.Equal(found, want) {
			t.Errorf("from whole traces %v: %v", o.wholeTraces, found)
		}
	}
}

// A long chain and a wide trace are what structural operators must not be
// quadratic on: either would not end within the test's deadline.
func TestHugeTraces(t *testing.T) {
	const n = 500_000
	for shape, parent := range map[string]func(i int) int{
		"chain": func(i int) int { return i - 1 },
		"wide":  func(i int) int { return min(i-1, 0) },
	} {
		tr := shapedTrace(n, parent)
		for _, op := range []string{">", ">>", "<", "<<", "~"} {
			selected := 0
			for _, mode := range []string{"", "!"} {
				at, err := Select(mustParse(t, "{ .odd } "+mode+op+" { nestedSetLeft > 0 && childCount >= 0 }"), tr)
				if err != nil {
					t.Fatalf("%s %s%s: %v", shape, mode, op, err)
				}
				selected += len(at)
			}
			if selected != n {
				t.Errorf("%s: %s and !%s select %d of %d spans together", shape, op, op, selected, n)
			}
			if _, err := Select(mustParse(t, "{ .odd } &"+op+" { }"), tr); err != nil {
				t.Errorf("%s &%s: %v", shape, op, err)
			}
		}
	}
}

// shapedTrace is a trace of n spans, every second with the attribute odd.
func shapedTrace(n int, parent func(i int) int) *trace.Trace {
	b := storage.NewSpansBuilder(n)
	resource, scope := b.AddResource(storage.Resource{}), b.AddScope(storage.InstrumentationScope{})
	for i := range n {
		f := storage.SpanFields{TraceID: storage.TraceID{1}, Name: "op", StartNs: int64(i), DurationNs: int64(i % 1000), Resource: resource, Scope: scope}
		binary.BigEndian.PutUint64(f.SpanID[:], uint64(i+1))
		if p := parent(i); p >= 0 {
			binary.BigEndian.PutUint64(f.ParentID[:], uint64(p+1))
		}
		b.AddSpan(f)
		b.SetAttributes(b.Attr("odd", storage.Bool(i%2 == 1)), b.Attr("n", storage.Int(int64(i))))
	}
	return trace.Build(b.Spans())[0]
}
