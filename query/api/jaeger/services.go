package jaeger

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/heddle-io/heddle/query/api/jaeger/filter"
	"github.com/heddle-io/heddle/query/api/jsontext"
	"github.com/heddle-io/heddle/storage"
)

// maxNames bounds the lists of services and operations. A mesh with more has
// a sender that writes ids into names, and no client can show the list.
const maxNames = 100_000

var errTooManyNames = fmt.Errorf("more than %d names: %w", maxNames, storage.ErrTooLarge)

// services answers GET /api/services.
func (h *Handler) services(w http.ResponseWriter, r *http.Request) {
	names, err := h.serviceNames(r.Context())
	if err != nil {
		writeFailure(w, err)
		return
	}
	writeNames(w, r, names)
}

func (h *Handler) serviceNames(ctx context.Context) ([]string, error) {
	values, err := h.Spans.Values(ctx, storage.ValuesQuery{Window: storage.AllTime(), Key: storage.KeyService, Limit: maxNames})
	if err == nil && values.More {
		err = errTooManyNames
	}
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(values.Values)+1)
	for _, v := range values.Values {
		names = append(names, shownService(v.Value.Text()))
	}
	unnamed, err := h.anyUnnamed(ctx)
	if err != nil {
		return nil, err
	}
	if unnamed {
		names = append(names, filter.NoServiceName)
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// anyUnnamed says whether there is a span whose resource names no service.
func (h *Handler) anyUnnamed(ctx context.Context) (bool, error) {
	q := storage.Scan{Window: storage.AllTime(), Where: storage.Not{Of: storage.Exists{Key: storage.KeyService}}}
	for batch, err := range h.Spans.Scan(ctx, q) {
		if err != nil || batch.Len() > 0 {
			return err == nil, err
		}
	}
	return false, nil
}

// operationNames answers GET /api/services/{service}/operations.
func (h *Handler) operationNames(w http.ResponseWriter, r *http.Request, service string) {
	q := storage.ValuesQuery{Window: storage.AllTime(), Key: storage.KeyName, Where: filter.ServiceIs(service), Limit: maxNames}
	values, err := h.Spans.Values(r.Context(), q)
	if err == nil && values.More {
		err = errTooManyNames
	}
	if err != nil {
		writeFailure(w, err)
		return
	}
	names := make([]string, 0, len(values.Values))
	for _, v := range values.Values {
		names = append(names, v.Value.Text())
	}
	slices.Sort(names)
	writeNames(w, r, names)
}

// operation is a span name with one of the kinds under which it occurs.
type operation struct {
	name string
	kind int64
}

// operations answers GET /api/operations.
func (h *Handler) operations(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	found, err := h.operationsOf(r.Context(), query.Get("service"), query.Get("spanKind"))
	if err != nil {
		writeFailure(w, err)
		return
	}
	writeOperations(w, r, found)
}

// operationsOf lists the operations of a service, of one kind unless kind is
// empty.
func (h *Handler) operationsOf(ctx context.Context, service, kind string) ([]operation, error) {
	if service == "" {
		return nil, badRequestError{errServiceRequired}
	}
	where := storage.And{filter.ServiceIs(service)}
	if kind != "" {
		k, ok := parseKind(kind)
		if !ok { // Jaeger's stores find no operation of a kind they do not know
			return nil, nil
		}
		where = append(where, equalInt(storage.KeyKind, k))
	}
	groups, err := h.Spans.Aggregate(ctx, storage.Aggregation{
		Window: storage.AllTime(), Where: where, By: []storage.Key{storage.KeyName, storage.KeyKind}, MaxGroups: maxNames,
	})
	if err != nil {
		return nil, err
	}
	found := make([]operation, 0, len(groups))
	for _, g := range groups {
		found = append(found, operation{g.Values[0].Text(), g.Values[1].Int()})
	}
	slices.SortFunc(found, func(a, b operation) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.kind, b.kind))
	})
	return found, nil
}

func writeOperations(w http.ResponseWriter, r *http.Request, found []operation) {
	p := newReply(w, r)
	p.openData()
	p.buf = append(p.buf, '[')
	for i, o := range found {
		if i > 0 {
			p.buf = append(p.buf, ',')
		}
		p.buf = jsontext.AppendString(append(p.buf, `{"name":`...), o.name)
		p.buf = jsontext.AppendString(append(p.buf, `,"spanKind":`...), kindTag(o.kind))
		p.buf = append(p.buf, '}')
	}
	p.buf = append(p.buf, ']')
	p.closeData(len(found), nil)
}

func writeNames(w http.ResponseWriter, r *http.Request, names []string) {
	p := newReply(w, r)
	p.openData()
	p.buf = appendTexts(p.buf, names)
	p.closeData(len(names), nil)
}
