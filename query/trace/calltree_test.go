package trace

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func callTreeOf(t *testing.T, texts ...string) *CallTree {
	t.Helper()
	tree := NewCallTree(0)
	for _, text := range texts {
		tree.Add(Build(parseSpans(t, text))[0])
	}
	return tree
}

func treeLines(c *CallTree) string {
	var w strings.Builder
	for i, n := range c.Nodes {
		fmt.Fprintf(&w, "%d<%d %s/%s traces=%d spans=%d errors=%d total=%v self=%v min=%v max=%v\n", i, n.Parent, n.Service, n.Name,
			n.Traces, n.Spans, n.Errors, time.Duration(n.TotalNs), time.Duration(n.SelfNs), time.Duration(n.MinNs), time.Duration(n.MaxNs))
	}
	return w.String()
}

const (
	shop = `
		a - web server 0s+10ms
		b a cart client 1ms+3ms name=get
		c a cart client 4ms+5ms name=get status=error
		d b db server 2ms+1ms name=sql`
	shopSlow = `
		a - web server 0s+30ms
		b a cart client 1ms+20ms name=get
		e a pay client 22ms+5ms name=charge`
)

func TestCallTreeMergesByPath(t *testing.T) {
	want := strings.Join([]string{
		"0<-1 web/op traces=2 spans=2 errors=0 total=40ms self=7ms min=10ms max=30ms",
		"1<0 cart/get traces=2 spans=3 errors=1 total=28ms self=27ms min=3ms max=20ms",
		"2<1 db/sql traces=1 spans=1 errors=0 total=1ms self=1ms min=1ms max=1ms",
		"3<0 pay/charge traces=1 spans=1 errors=0 total=5ms self=5ms min=5ms max=5ms",
		"",
	}, "\n")
	if got := treeLines(callTreeOf(t, shop, shopSlow)); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestCallTreeInvariants(t *testing.T) {
	for seed := range uint64(100) {
		rng := rand.New(rand.NewPCG(seed, 3))
		tr := Build(randomSpans(rng, 1+rng.IntN(80), 0.2))[0]
		tree := NewCallTree(1 + rng.IntN(30))
		tree.Add(tr)
		spans, errors := 0, 0
		for i, n := range tree.Nodes {
			if n.Parent >= int32(i) {
				t.Fatalf("seed %d: node %d stands before its parent", seed, i)
			}
			if n.SelfNs < 0 || n.SelfNs > n.TotalNs || n.Durations.Count() != uint64(n.Spans) {
				t.Fatalf("seed %d: %+v", seed, n)
			}
			spans += n.Spans
			errors += n.Errors
		}
		if spans+tree.Folded != tr.Len() || tree.Folded == 0 && errors != tr.Errors {
			t.Fatalf("seed %d: %d spans and %d folded of %d, %d errors of %d", seed, spans, tree.Folded, tr.Len(), errors, tr.Errors)
		}
	}
}

func TestDiff(t *testing.T) {
	var got []string
	for _, d := range Diff(callTreeOf(t, shop), callTreeOf(t, shopSlow)) {
		got = append(got, fmt.Sprintf("%d %s/%s %s %v %v", d.Parent, d.Service, d.Name, d.Change, time.Duration(d.TimeA), time.Duration(d.TimeB)))
	}
	want := []string{"-1 web/op slower 10ms 30ms", "0 cart/get slower 8ms 20ms", "1 db/sql removed 1ms 0s", "0 pay/charge added 0s 5ms"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	for _, d := range Diff(callTreeOf(t, shopSlow), callTreeOf(t, shop)) {
		if d.Service == "web" && d.Change != Faster {
			t.Errorf("the other way round %s is %s", d.Service, d.Change)
		}
	}
}

func TestDiffWithItselfIsEmpty(t *testing.T) {
	for seed := range uint64(100) {
		rng := rand.New(rand.NewPCG(seed, 4))
		s := randomSpans(rng, 1+rng.IntN(60), 0.2)
		a, b := NewCallTree(0), NewCallTree(0)
		a.Add(Build(s)[0])
		b.Add(Build(shuffled(rng, s))[0])
		nodes := Diff(a, b)
		if len(nodes) != len(a.Nodes) {
			t.Fatalf("seed %d: %d nodes of %d", seed, len(nodes), len(a.Nodes))
		}
		for _, d := range nodes {
			if d.Change != Same || d.A.Spans != d.B.Spans {
				t.Fatalf("seed %d: %s/%s is %s", seed, d.Service, d.Name, d.Change)
			}
		}
	}
}

func BenchmarkCallTree(b *testing.B) {
	const n = 100_000
	tr := Build(randomSpans(rand.New(rand.NewPCG(1, 1)), n, 0))[0]
	b.ReportAllocs()
	for b.Loop() {
		NewCallTree(0).Add(tr)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/span")
}
