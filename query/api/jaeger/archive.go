package jaeger

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/heddle-io/heddle/storage"
)

var (
	errNoArchive   = errors.New("archive span storage was not configured")
	errOtherOrigin = errors.New("a page of another origin may not archive traces; if this is heddle's own page, a proxy before heddle changes the Host header: let it pass the one of the browser")
)

// archive answers POST /api/archive/{traceID}. Archiving a trace again is
// harmless: its spans are the same and fold when it is read.
func (h *Handler) archive(w http.ResponseWriter, r *http.Request, idText string) {
	// What is no browser sends none of the headers that tell, and passes.
	if http.NewCrossOriginProtection().Check(r) != nil {
		writeError(w, http.StatusForbidden, errOtherOrigin)
		return
	}
	id, _, err := parseGetTrace(r.URL.Query(), idText)
	if err != nil {
		writeError(w, http.StatusBadRequest, err)
		return
	}
	if err := h.archiveTrace(r.Context(), id); err != nil {
		writeFailure(w, err)
		return
	}
	p := newReply(w, r)
	p.openData()
	p.buf = append(p.buf, '[', ']')
	p.closeData(0, []problem{})
}

// archiveTrace copies a trace into the archive, whole or with an error.
func (h *Handler) archiveTrace(ctx context.Context, id storage.TraceID) error {
	if h.Archive == nil {
		return errNoArchive
	}
	stored, err := h.fetchStored(ctx, []storage.TraceID{id})
	if err == nil && stored[id] == nil {
		stored, err = h.fetch(ctx, []storage.TraceID{id})
	}
	if err != nil {
		return err
	}
	t := stored[id]
	if t == nil {
		return errTraceNotFound
	}
	rows := make([]int, t.Len())
	for i, row := range t.Rows {
		rows[i] = int(row)
	}
	td, err := t.Spans.ToPdata(rows)
	if err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	outcome, err := h.Archive.WriteSpans(ctx, td)
	if err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	if n := outcome.RejectedCount(); n > 0 {
		return fmt.Errorf("archive: %d of %d spans were refused: %s", n, t.Len(), outcome.Rejected[0].Example)
	}
	return nil
}
