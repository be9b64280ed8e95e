package native

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"

	"github.com/heddle-io/heddle/query/trace"
)

type criticalPathAnswer struct {
	TraceID    string          `json:"traceId"`
	Root       rootJSON        `json:"root"`
	Rows       []int32         `json:"rows"`
	Starts     []int64         `json:"startsNs"`
	Durations  []int64         `json:"durationsNs"`
	Services   []pathShare     `json:"services"`
	Operations []pathOperation `json:"operations"`
	Omitted    int             `json:"omittedOperations,omitempty"`
}

type rootJSON struct {
	SpanID     string `json:"spanId"`
	Start      string `json:"startUnixNano"`
	DurationNs int64  `json:"durationNs"`
}

type pathShare struct {
	Service string `json:"service"`
	SelfNs  int64  `json:"selfNs"`
	Share   number `json:"share"`
}

type pathOperation struct {
	Service string `json:"service"`
	Name    string `json:"name"`
	Spans   int    `json:"spans"`
	SelfNs  int64  `json:"selfNs"`
	Share   number `json:"share"`
}

// maxPathOperations bounds the list of operations; the segments have all.
const maxPathOperations = 200

func (a *api) criticalPath(r *http.Request) (criticalPathAnswer, error) {
	t, err := a.getTrace(r)
	if err != nil {
		return criticalPathAnswer{}, err
	}
	path := t.CriticalPath()
	total := path.EndNs - path.StartNs
	out := criticalPathAnswer{
		TraceID: t.ID.String(), Rows: make([]int32, len(path.Segments)), Starts: make([]int64, len(path.Segments)), Durations: make([]int64, len(path.Segments)),
		Root: rootJSON{t.Spans.SpanIDs[t.Rows[path.Root]].String(), strconv.FormatInt(path.StartNs, 10), total},
	}
	for i, s := range path.Segments {
		out.Rows[i], out.Starts[i], out.Durations[i] = s.Position, s.StartNs-path.StartNs, s.DurationNs
	}
	out.Services, out.Operations = pathShares(t, path, total)
	if len(out.Operations) > maxPathOperations {
		out.Omitted = len(out.Operations) - maxPathOperations
		out.Operations = out.Operations[:maxPathOperations]
	}
	return out, nil
}

func pathShares(t *trace.Trace, path trace.CriticalPath, total int64) ([]pathShare, []pathOperation) {
	services := map[string]int64{}
	type operation struct{ service, name string }
	operations := map[operation]*pathOperation{}
	for p, ns := range path.SelfNs() {
		row := int(t.Rows[p])
		service, name := t.Spans.Service(row), t.Spans.Name(row)
		services[service] += ns
		o := operations[operation{service, name}]
		if o == nil {
			o = &pathOperation{Service: service, Name: name}
			operations[operation{service, name}] = o
		}
		o.Spans++
		o.SelfNs += ns
	}
	byService := make([]pathShare, 0, len(services))
	for name, ns := range services {
		byService = append(byService, pathShare{name, ns, number(float64(ns) / float64(total))})
	}
	slices.SortFunc(byService, func(a, b pathShare) int {
		return cmp.Or(cmp.Compare(b.SelfNs, a.SelfNs), cmp.Compare(a.Service, b.Service))
	})
	byOperation := make([]pathOperation, 0, len(operations))
	for _, o := range operations {
		o.Share = number(float64(o.SelfNs) / float64(total))
		byOperation = append(byOperation, *o)
	}
	slices.SortFunc(byOperation, func(a, b pathOperation) int {
		return cmp.Or(cmp.Compare(b.SelfNs, a.SelfNs), cmp.Compare(a.Service, b.Service), cmp.Compare(a.Name, b.Name))
	})
	return byService, byOperation
}
