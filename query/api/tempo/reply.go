package tempo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"runtime"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/heddle-io/heddle/query/api/failure"
	"github.com/heddle-io/heddle/query/traceql"
)

const (
	typeJSON     = "application/json"
	typeProtobuf = "application/protobuf"
)

// wantsProtobuf says whether the client prefers protobuf to JSON.
func wantsProtobuf(r *http.Request) bool {
	return strings.HasPrefix(strings.TrimSpace(r.Header.Get("Accept")), typeProtobuf)
}

// writeMessage answers with a message. list is the JSON name of its list.
func writeMessage(w http.ResponseWriter, r *http.Request, m proto.Message, list string) error {
	contentType, encode := typeJSON, func() ([]byte, error) { return appendMessage(nil, m, list) }
	if wantsProtobuf(r) {
		contentType, encode = typeProtobuf, func() ([]byte, error) { return proto.Marshal(m) }
	}
	body, err := encode()
	if err != nil {
		return err
	}
	setHeaders(w, contentType)
	_, _ = w.Write(body) // nobody is left to tell
	return nil
}

func setHeaders(w http.ResponseWriter, contentType string) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if h := w.Header(); !slices.Contains(h.Values("Vary"), "Accept") {
		h.Add("Vary", "Accept") // beside what who compresses says
	}
}

// appendMessage appends a message as JSON. An empty list is not left out:
// those who loop over it need not know protobuf's defaults.
func appendMessage(b []byte, m proto.Message, list string) ([]byte, error) {
	spaced, err := protojson.Marshal(m)
	if err != nil {
		return nil, err
	}
	compact := bytes.NewBuffer(b)
	if err := json.Compact(compact, spaced); err != nil { // protojson puts in spaces at random
		return nil, err
	}
	body := compact.Bytes()
	if list == "" || bytes.HasPrefix(body[len(b):], []byte(`{"`+list+`":`)) {
		return body, nil
	}
	rest := bytes.Clone(body[len(b)+1:])
	body = append(body[:len(b)], `{"`+list+`":[]`...)
	if len(rest) > 1 {
		body = append(body, ',')
	}
	return append(body, rest...), nil
}

// compatibleVersion is the version of Tempo whose API this is. Grafana up to
// version 12 does not stream from one that it takes for an older.
const compatibleVersion = "2.9.0"

func (h *Handler) buildInfo(w http.ResponseWriter, _ *http.Request) error {
	setHeaders(w, typeJSON)
	return json.NewEncoder(w).Encode(map[string]string{
		"version": compatibleVersion, "revision": h.Version, "branch": "heddle", "buildDate": "", "buildUser": "heddle", "goVersion": runtime.Version(),
	})
}

func writeText(w http.ResponseWriter, code int, message string) {
	setHeaders(w, "text/plain; charset=utf-8")
	w.WriteHeader(code)
	_, _ = w.Write([]byte(message))
}

func writeError(w http.ResponseWriter, err error) {
	if errors.Is(err, errNoTrace) {
		writeText(w, http.StatusNotFound, "")
		return
	}
	writeText(w, statusOf(err), messageOf(err))
}

// messageOf tells an error to a client.
func messageOf(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "the query took too long: ask for a shorter time, for fewer spans or for fewer groups"
	}
	return err.Error()
}

func statusOf(err error) int {
	var syntax *traceql.SyntaxError
	var mistake requestError
	if errors.As(err, &mistake) || errors.As(err, &syntax) || errors.Is(err, traceql.ErrWrongKind) {
		return http.StatusBadRequest
	}
	return failure.Status(err)
}
