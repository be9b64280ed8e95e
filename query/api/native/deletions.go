package native

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/heddle-io/heddle/storage"
)

// deletionJSON is an order to delete in one of the stores. ID is unique in it.
type deletionJSON struct {
	Store    string          `json:"store"`
	ID       string          `json:"id"`
	TraceID  string          `json:"traceId,omitempty"`
	Key      *keyJSON        `json:"key,omitempty"`
	Type     string          `json:"type,omitempty"`
	Value    json.RawMessage `json:"value,omitempty"`
	Reason   string          `json:"reason,omitempty"`
	Created  string          `json:"createdUnixNano"`
	Deadline string          `json:"deadlineUnixNano"`
	Done     string          `json:"doneUnixNano,omitempty"`
	Rows     uint64          `json:"rowsDeleted"`

	createdNs int64
}

type keyJSON struct {
	Scope string `json:"scope"`
	Name  string `json:"name"`
}

func newDeletionJSON(store string, st storage.DeletionStatus) deletionJSON {
	d := deletionJSON{
		Store: store, ID: strconv.FormatUint(st.ID, 10), Reason: st.Reason, Rows: st.RowsDeleted,
		Created: strconv.FormatInt(st.CreatedNs, 10), Deadline: strconv.FormatInt(st.DeadlineNs, 10), createdNs: st.CreatedNs,
	}
	if st.DoneNs != 0 {
		d.Done = strconv.FormatInt(st.DoneNs, 10)
	}
	if !st.TraceID.IsEmpty() {
		d.TraceID = st.TraceID.String()
		return d
	}
	d.Key = &keyJSON{st.Key.Scope.String(), st.Key.Name}
	d.Type, d.Value = st.Value.Type().String(), valueJSON(st.Value)
	return d
}

// deletionStore is a store that an order goes to.
type deletionStore struct {
	name string
	storage.Store
}

func (a *api) deletionStores() []deletionStore {
	list := []deletionStore{{"main", a.opts.Store}}
	if a.opts.Archive != nil {
		list = append(list, deletionStore{"archive", a.opts.Archive})
	}
	return list
}

// deleter returns nil when the store deletes nothing on demand.
func (s deletionStore) deleter() storage.Deleter {
	if d, ok := s.Store.(storage.Deleter); ok && s.Capabilities().Delete {
		return d
	}
	return nil
}

func (s deletionStore) empty() bool {
	st := s.Stats()
	return st.Spans == 0 && st.Logs == 0
}

func (s deletionStore) refusal() error {
	return &apiError{status: http.StatusNotImplemented, code: "unsupported", message: fmt.Sprintf(
		"the %s store deletes nothing on demand: configure it to keep its records on disk (one in memory loses them all when heddle restarts)", s.name)}
}

// deleteTrace answers DELETE /traces/{traceId}.
func (a *api) deleteTrace(r *http.Request) (any, error) {
	id, err := storage.ParseTraceID(r.PathValue("traceId"))
	if err != nil {
		return nil, badRequest("%v", err)
	}
	reason, err := checkReason(r.URL.Query().Get("reason"))
	if err != nil {
		return nil, err
	}
	if id.IsEmpty() {
		return nil, badRequest("trace id: is all zeros, which no trace has")
	}
	targets, err := a.deletionTargets()
	if err != nil {
		return nil, err
	}
	if found, err := a.holds(r.Context(), id); err != nil {
		return nil, err
	} else if !found {
		return nil, notFound("trace %s is not stored: it was never received, it is older than what the store keeps, or it is deleted already", id)
	}
	return order(r.Context(), targets, storage.Deletion{TraceID: id, Reason: reason})
}

// createDeletion answers POST /deletions. What is named need not be stored.
func (a *api) createDeletion(r *http.Request) (any, error) {
	d, err := parseDeletion(r)
	if err != nil {
		return nil, err
	}
	targets, err := a.deletionTargets()
	if err != nil {
		return nil, err
	}
	return order(r.Context(), targets, d)
}

// deletionTargets are the stores that have records. An order that one of them
// cannot carry out is refused before another takes it.
func (a *api) deletionTargets() ([]deletionStore, error) {
	stores := a.deletionStores()
	targets := stores[:1]
	for _, s := range stores[1:] {
		if !s.empty() {
			targets = append(targets, s)
		}
	}
	for _, s := range targets {
		if s.deleter() == nil {
			return nil, s.refusal()
		}
	}
	return targets, nil
}

// orderAnswer tells what became of an order.
type orderAnswer struct {
	Deadline  string         `json:"deadlineUnixNano"` // the latest of all stores
	Deletions []deletionJSON `json:"deletions"`
}

// order deletes in one store after the other, the main store first: what is
// copied from it into the archive meanwhile is then found there.
func order(ctx context.Context, targets []deletionStore, d storage.Deletion) (any, error) {
	var answer orderAnswer
	latest := int64(0)
	for i, s := range targets {
		st, err := s.deleter().Delete(ctx, d)
		if err != nil {
			return nil, deletionError(s.name, i > 0, err)
		}
		latest = max(latest, st.DeadlineNs)
		answer.Deletions = append(answer.Deletions, newDeletionJSON(s.name, st))
	}
	answer.Deadline = strconv.FormatInt(latest, 10)
	return answer, nil
}

// deletionError says what a store that did not take an order means to the
// client. partly tells that another store took it.
func deletionError(store string, partly bool, err error) error {
	said := fmt.Sprintf("the %s store did not take the deletion: %v", store, err)
	if partly {
		said = "the main store has taken the deletion and hides the records; " + said + ". Order it again, which is harmless"
	}
	switch {
	case errors.Is(err, storage.ErrTooLarge):
		return &apiError{status: http.StatusTooManyRequests, code: "overloaded", message: said}
	case errors.Is(err, storage.ErrOverloaded), errors.Is(err, storage.ErrClosed):
		return &apiError{status: http.StatusServiceUnavailable, code: "overloaded", message: said}
	case errors.Is(err, errors.ErrUnsupported):
		return badRequest("%s", said)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	return fmt.Errorf("%s; it may be in effect nevertheless: look at GET /heddle/v1/deletions, or order it again, which is harmless", said)
}

// deletions answers GET /deletions.
func (a *api) deletions(r *http.Request) (any, error) {
	list := []deletionJSON{}
	for i, s := range a.deletionStores() {
		d := s.deleter()
		if d == nil && i == 0 {
			return nil, s.refusal()
		} else if d == nil {
			continue
		}
		orders, err := d.Deletions(r.Context())
		if err != nil {
			return nil, err
		}
		for _, st := range orders {
			list = append(list, newDeletionJSON(s.name, st))
		}
	}
	slices.SortStableFunc(list, func(x, y deletionJSON) int { return cmp.Compare(y.createdNs, x.createdNs) })
	return struct {
		Deletions []deletionJSON `json:"deletions"`
	}{list}, nil
}

// holds says whether a store has a span or a log record of a trace.
func (a *api) holds(ctx context.Context, id storage.TraceID) (bool, error) {
	for _, s := range a.deletionStores() {
		for chunk, err := range s.Spans().Traces(ctx, []storage.TraceID{id}) {
			if err != nil {
				return false, err
			}
			if chunk.Len() > 0 {
				return true, nil
			}
		}
		if !s.Capabilities().Logs {
			continue
		}
		where := storage.Compare{Key: storage.KeyTraceID, Op: storage.Equal, Value: storage.Bytes(id[:])}
		for batch, err := range s.Logs().ScanLogs(ctx, storage.LogScan{Window: storage.AllTime(), Where: where}) {
			if err != nil {
				return false, err
			}
			if batch.Len() > 0 {
				return true, nil
			}
		}
	}
	return false, nil
}
