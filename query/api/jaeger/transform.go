package jaeger

import (
	"errors"
	"fmt"
	"io"
	"net/http"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage"
)

// transform answers POST /api/transform: the body, traces as OTLP JSON, is
// shown as the UI shows stored traces, as it is and without being stored.
func (h *Handler) transform(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.MaxBodyBytes))
	if err != nil {
		code := http.StatusBadRequest
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			code = http.StatusRequestEntityTooLarge
		}
		writeError(w, code, err)
		return
	}
	td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(body)
	if err != nil {
		writeError(w, http.StatusBadRequest, fmt.Errorf("cannot unmarshal OTLP: %w", err))
		return
	}
	p := newReply(w, r)
	p.openData()
	p.buf = append(p.buf, '[')
	s := storage.SpansFromPdata(td)
	e := newEncoder(p, s)
	for i, v := range rawViews(s) {
		if i > 0 {
			p.buf = append(p.buf, ',')
		}
		if e.trace(&v); p.err != nil {
			return
		}
	}
	p.buf = append(p.buf, ']')
	p.closeData(0, nil)
}
