package native

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/heddle-io/heddle/storage"
)

// Bounds of an order, as the contract gives them.
const (
	maxDeletionBody = 64 << 10
	maxReasonBytes  = 1024
	maxKeyBytes     = 1024
	maxMatchBytes   = 4096
)

// deletionRequest is the body of POST /deletions.
type deletionRequest struct {
	TraceID      string          `json:"traceId"`
	TraceIDSnake string          `json:"trace_id"` // the same; the spelling of OTLP's fields
	Key          *keyJSON        `json:"key"`
	Type         string          `json:"type"`
	Value        json.RawMessage `json:"value"`
	Reason       string          `json:"reason"`
}

// deletionScopes are those that a key can be of. Fields of the record itself
// are not attributes of anything and would delete far more than is meant.
var deletionScopes = map[string]storage.Scope{
	"resource": storage.ScopeResource, "scope": storage.ScopeInstrumentation, "span": storage.ScopeSpan,
	"event": storage.ScopeEvent, "link": storage.ScopeLink, "log": storage.ScopeLog,
}

func parseDeletion(r *http.Request) (storage.Deletion, error) {
	// A form of another site cannot send this type.
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/json" {
		return storage.Deletion{}, &apiError{status: http.StatusUnsupportedMediaType, code: "bad_request", message: "Content-Type: must be application/json"}
	}
	var req deletionRequest
	if err := decodeBody(r, &req); err != nil {
		return storage.Deletion{}, err
	}
	reason, err := checkReason(req.Reason)
	if err != nil {
		return storage.Deletion{}, err
	}
	d := storage.Deletion{Reason: reason}
	trace := req.TraceID
	if trace == "" {
		trace = req.TraceIDSnake
	}
	switch {
	case req.TraceID != "" && req.TraceIDSnake != "":
		return d, badRequest("traceId and trace_id are the same: give one")
	case (trace == "") == (req.Key == nil):
		return d, badRequest(`give either traceId, or key with value, as in {"key":{"scope":"span","name":"user.id"},"value":"42"}`)
	case trace != "" && (req.Value != nil || req.Type != ""):
		return d, badRequest("value and type go with key, not with traceId")
	case trace != "":
		if d.TraceID, err = storage.ParseTraceID(trace); err != nil {
			return d, badRequest("%v", err)
		}
		if d.TraceID.IsEmpty() {
			return d, badRequest("trace id: is all zeros, which no trace has")
		}
		return d, nil
	}
	if d.Key, err = parseKey(*req.Key); err != nil {
		return d, err
	}
	d.Value, err = parseValue(req.Type, req.Value)
	return d, err
}

func decodeBody(r *http.Request, into any) error {
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxDeletionBody))
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return &apiError{status: http.StatusRequestEntityTooLarge, code: "too_large", message: "the body may have " + strconv.Itoa(maxDeletionBody) + " bytes"}
	}
	if err != nil {
		return badRequest("the body broke off: %v", err)
	}
	if !utf8.Valid(body) { // it would be read as another text
		return badRequest("the body is not UTF-8")
	}
	dec := json.NewDecoder(strings.NewReader(string(body)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return badRequest("the body is not the JSON object that /heddle/v1/openapi.yaml describes: %v", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return badRequest("the body has more than one JSON object")
	}
	return nil
}

func parseKey(k keyJSON) (storage.Key, error) {
	scope, ok := deletionScopes[k.Scope]
	switch {
	case !ok:
		return storage.Key{}, badRequest("key.scope %q: must be resource, scope, span, event, link or log", k.Scope)
	case k.Name == "":
		return storage.Key{}, badRequest("key.name: is required; /heddle/v1/keys lists the keys of spans")
	case len(k.Name) > maxKeyBytes || strings.ContainsRune(k.Name, 0):
		return storage.Key{}, badRequest("key.name: must have at most %d bytes and no NUL", maxKeyBytes)
	}
	return storage.Key{Scope: scope, Name: k.Name}, nil
}

var deletionTypes = []string{"string", "int", "double", "bool"}

// parseValue reads a value. Without a type it has that of the JSON: a whole
// number is an int.
func parseValue(typ string, raw json.RawMessage) (storage.Value, error) {
	if typ != "" && !slices.Contains(deletionTypes, typ) {
		return storage.Value{}, badRequest("type %q: must be string, int, double or bool", typ)
	}
	if len(raw) == 0 || string(raw) == "null" {
		return storage.Value{}, badRequest("value: is required with key")
	}
	wrong := func(is string) (storage.Value, error) {
		return storage.Value{}, badRequest("value: is %s, which is no %s", is, typ)
	}
	switch c := raw[0]; {
	case c == '{' || c == '[':
		return storage.Value{}, badRequest("value: must be a string, a number, true or false; records cannot be deleted by a list or an object")
	case c == 't' || c == 'f':
		if typ != "" && typ != "bool" {
			return wrong("a boolean")
		}
		return storage.Bool(c == 't'), nil
	case c != '"':
		return parseNumber(typ, string(raw))
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return storage.Value{}, badRequest("value: %v", err)
	}
	switch {
	case typ == "int": // beyond 2^53, as answers of this API write it
		return parseNumber(typ, text)
	case typ != "" && typ != "string":
		return wrong("a string")
	case len(text) > maxMatchBytes:
		return storage.Value{}, badRequest("value: has %d bytes, it may have %d", len(text), maxMatchBytes)
	}
	return storage.String(text), nil
}

func parseNumber(typ, text string) (storage.Value, error) {
	if typ == "string" || typ == "bool" {
		return storage.Value{}, badRequest("value: is a number, which is no %s", typ)
	}
	if typ == "int" || typ == "" && !strings.ContainsAny(text, ".eE") {
		i, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return storage.Value{}, badRequest("value: is no whole number of 64 bits; give the type double if it has a fraction")
		}
		return storage.Int(i), nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(f, 0) {
		return storage.Value{}, badRequest("value: is no number that a double can hold")
	}
	return storage.Float(f), nil
}

func checkReason(text string) (string, error) {
	if len(text) > maxReasonBytes || !utf8.ValidString(text) {
		return "", badRequest("reason: must be UTF-8 of at most %d bytes", maxReasonBytes)
	}
	return text, nil
}
