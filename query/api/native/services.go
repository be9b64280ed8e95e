package native

import (
	"cmp"
	"net/http"
	"slices"

	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

func (a *api) services(r *http.Request) (any, error) {
	window, err := windowParam(r.URL.Query())
	if err != nil {
		return nil, err
	}
	all := storage.Aggregation{Window: window, By: []storage.Key{storage.KeyService}}
	failed := all
	failed.Where = trace.IsError()
	counts := map[string]*serviceCount{}
	for _, q := range []storage.Aggregation{all, failed} {
		groups, err := a.spans.Aggregate(r.Context(), q)
		if err != nil {
			return nil, err
		}
		for _, g := range groups {
			name := g.Values[0].Text()
			c := counts[name]
			if c == nil {
				c = &serviceCount{Name: name}
				counts[name] = c
			}
			if q.Where == nil {
				c.Spans += g.Cells[0].Count
			} else {
				c.Errors += g.Cells[0].Count
			}
		}
	}
	list := make([]serviceCount, 0, len(counts))
	for _, c := range counts {
		c.Spans = max(c.Spans, c.Errors) // spans arrive between the two questions
		list = append(list, *c)
	}
	slices.SortFunc(list, func(x, y serviceCount) int { return cmp.Compare(x.Name, y.Name) })
	return struct {
		Services []serviceCount `json:"services"`
	}{list}, nil
}

type operation struct {
	Name  string `json:"name"`
	Kind  string `json:"kind"`
	Spans uint64 `json:"spans"`
}

func (a *api) operations(r *http.Request) (any, error) {
	q := r.URL.Query()
	window, err := windowParam(q)
	if err != nil {
		return nil, err
	}
	if !q.Has("service") {
		return nil, badRequest("service: is required; /heddle/v1/services lists them")
	}
	groups, err := a.spans.Aggregate(r.Context(), storage.Aggregation{
		Window: window,
		Where:  trace.ServiceIs(q.Get("service")),
		By:     []storage.Key{storage.KeyName, storage.KeyKind},
	})
	if err != nil {
		return nil, err
	}
	list := make([]operation, len(groups))
	for i, g := range groups {
		list[i] = operation{g.Values[0].Text(), enumName(kindNames, uint8(g.Values[1].Int())), g.Cells[0].Count}
	}
	slices.SortFunc(list, func(x, y operation) int {
		return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(x.Kind, y.Kind))
	})
	return struct {
		Operations []operation `json:"operations"`
	}{list}, nil
}
