package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/heddle-io/heddle/collector/demo"
)

// shop is what questions have to know about what was sent.
type shop struct {
	sent     demo.Sent
	traces   []storedTrace // from everywhere in it
	services []string      // those with many spans, the largest first
	tenants  []string      // of the checkout, the most frequent first
	cells    []int         // spans that start in each step of everything
	firstNs  int64         // where the first step begins
	stepNs   int64
}

type storedTrace struct {
	ID    string `json:"traceId"`
	Spans int    `json:"spans"`
	Found []struct {
		ID string `json:"spanId"`
	} `json:"selected"`
}

const (
	checkout   = "checkout"
	tenant     = "shop.tenant.id"
	mostTraces = 200
	pageSize   = 20 // of searches, as in the UIs
	fewSpans   = 1000

	enoughSpans = 500_000
)

// lookAround asks what there is. It needs the native API.
func lookAround(ctx context.Context, heddle *server, sent demo.Sent, traces int) (s shop, err error) {
	s.sent = sent
	var services struct {
		Services []struct {
			Name  string
			Spans int
		}
	}
	if err := heddle.getJSON(ctx, s.native("services", s.all()), &services); err != nil {
		return s, err
	}
	sum := 0
	for _, v := range services.Services {
		sum += v.Spans
	}
	if sum != sent.Spans {
		return s, fmt.Errorf("the services have %d spans, %d were sent", sum, sent.Spans)
	}
	slices.SortFunc(services.Services, func(a, b struct {
		Name  string
		Spans int
	}) int {
		return cmp.Compare(b.Spans, a.Spans)
	})
	for _, v := range services.Services[:min(len(services.Services), 12)] {
		if v.Spans >= min(fewSpans, sent.Spans/100) {
			s.services = append(s.services, v.Name)
		}
	}
	if err := s.countCells(ctx, heddle); err != nil {
		return s, err
	}
	var tenants struct{ Values []struct{ Value string } }
	if err := heddle.getJSON(ctx, s.native("values", s.all(), "scope", "span", "key", tenant, "service", checkout, "limit", "5"), &tenants); err != nil {
		return s, err
	}
	for _, v := range tenants.Values {
		s.tenants = append(s.tenants, v.Value)
	}
	for _, w := range s.pieces(min(traces, mostTraces)) {
		var found struct{ Traces []storedTrace }
		if err := heddle.getJSON(ctx, s.native("traces", w, "service", checkout, "limit", "1", "spans", "1"), &found); err != nil {
			return s, err
		}
		s.traces = append(s.traces, found.Traces...)
	}
	if len(s.traces) == 0 || len(s.services) == 0 || len(s.tenants) == 0 {
		return s, errors.New("no trace of the service checkout was found, or no values: more spans are needed")
	}
	return s, nil
}

// countCells asks when what was sent took place: at the end there is little,
// the last queues running empty.
func (s *shop) countCells(ctx context.Context, heddle *server) error {
	const cells = 2000
	all := s.all()
	step := time.Duration((all.to - all.from + cells - 1) / cells)
	var rates struct {
		StartUnixNano int64 `json:",string"`
		Groups        []struct{ Cells struct{ Spans []int } }
	}
	if err := heddle.getJSON(ctx, s.native("rates", all, "by", "intrinsic.status", "step", step.String()), &rates); err != nil {
		return err
	}
	s.cells, s.firstNs, s.stepNs = nil, rates.StartUnixNano, int64(step)
	for _, g := range rates.Groups {
		if s.cells == nil {
			s.cells = make([]int, len(g.Cells.Spans))
		}
		for i, n := range g.Cells.Spans {
			s.cells[i] += n
		}
	}
	return nil
}

// window is a part of simulated time, in nanoseconds.
type window struct{ from, to int64 }

// all is wider than the simulated time: clocks of some hosts are wrong.
func (s *shop) all() window {
	return window{s.sent.StartNs - wrongClocks, s.sent.EndNs + wrongClocks}
}

const wrongClocks = int64(10 * time.Second)

// cut is the time before which a share of all spans starts.
func (s *shop) cut(share float64) int64 {
	all, before, want := s.all(), 0, int(share*float64(s.sent.Spans))
	for i, n := range s.cells {
		if before+n > want {
			// As if they were even in a cell.
			return s.firstNs + int64((float64(i)+float64(want-before)/float64(n))*float64(s.stepNs))
		}
		before += n
	}
	return all.to
}

// pieces are n windows of as many spans each that make up everything.
func (s *shop) pieces(n int) (list []window) {
	from := s.all().from
	for i := 1; i < n; i++ {
		to := max(s.cut(float64(i)/float64(n)), from+1)
		list = append(list, window{from, to})
		from = to
	}
	return append(list, window{from, s.all().to})
}

// recent are windows as people choose them: everything, the last half, and the
// last tenth where that has enough to be sure of results.
func (s *shop) recent() []window {
	all := s.all()
	list := []window{all, {s.cut(0.5), all.to}}
	if s.sent.Spans >= enoughSpans {
		list = append(list, window{s.cut(0.9), all.to})
	}
	return list
}

// pieceSpans is about what is in the windows of questions that read every span
// of them: less than where answers say that they are partial.
const pieceSpans = 1_500_000

// readable are windows of about pieceSpans spans.
func (s *shop) readable() []window {
	return s.pieces((s.sent.Spans + pieceSpans - 1) / pieceSpans)
}

// params makes a query of name, value pairs.
func params(q url.Values, pairs []string) string {
	for i := 0; i < len(pairs); i += 2 {
		q.Add(pairs[i], pairs[i+1])
	}
	return q.Encode()
}

// native is a path of the native API, jaeger and tempo are of theirs.
func (s *shop) native(path string, w window, pairs ...string) string {
	q := url.Values{"start": {strconv.FormatInt(w.from, 10)}, "end": {strconv.FormatInt(w.to, 10)}}
	return "/heddle/v1/" + path + "?" + params(q, pairs)
}

func (s *shop) jaeger(w window, pairs ...string) string {
	q := url.Values{"start": {strconv.FormatInt(w.from/1e3, 10)}, "end": {strconv.FormatInt(w.to/1e3, 10)}, "limit": {strconv.Itoa(pageSize)}}
	return "/api/traces?" + params(q, pairs)
}

// tempo counts in whole seconds, and both are included.
func (s *shop) tempo(path string, w window, pairs ...string) string {
	q := url.Values{"start": {strconv.FormatInt(w.from/1e9, 10)}, "end": {strconv.FormatInt(w.to/1e9+1, 10)}}
	return "/tempo/api/" + path + "?" + params(q, pairs)
}

func (s *server) getJSON(ctx context.Context, path string, into any) error {
	var answer bytes.Buffer
	if err := s.get(ctx, path, &answer); err != nil {
		return err
	}
	if err := json.Unmarshal(answer.Bytes(), into); err != nil {
		return fmt.Errorf("GET %s: %w", path, err)
	}
	return nil
}
