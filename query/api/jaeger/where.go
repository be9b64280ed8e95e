package jaeger

import (
	"strings"

	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

func equalInt(key storage.Key, n int64) storage.Predicate {
	return storage.Compare{Key: key, Op: storage.Equal, Value: storage.Int(n)}
}

func equalText(key storage.Key, text string) storage.Predicate {
	return storage.Compare{Key: key, Op: storage.Equal, Value: storage.String(text), AsText: true}
}

// attributeScopes are where a tag is looked for.
var attributeScopes = []storage.Scope{storage.ScopeSpan, storage.ScopeResource, storage.ScopeEvent, storage.ScopeInstrumentation}

func whereAttribute(key, text string) storage.Or {
	either := make(storage.Or, 0, len(attributeScopes)+2)
	for _, scope := range attributeScopes {
		either = append(either, equalText(storage.Key{Scope: scope, Name: key}, text))
	}
	return either
}

// failed is true of the spans that the API shows with error=true.
var failed = trace.IsError()

// whereTag is true of the spans that have a tag, as this API shows it: an
// attribute of the span, its resource, its scope or one of its events, or a
// tag that stands for a field of the span.
func whereTag(key, text string) storage.Predicate {
	either := whereAttribute(key, text)
	switch key {
	case tagError:
		switch text {
		case "true":
			return append(either, failed)
		case "false": // no client says so of every good span: not failed is meant
			return storage.Not{Of: failed}
		}
	case tagSpanKind:
		if kind, ok := parseKind(text); ok {
			either = append(either, equalInt(storage.KeyKind, kind))
		}
	case tagStatusCode:
		for status, name := range [...]string{statusUnset: "UNSET", statusOK: "OK", statusError: "ERROR"} {
			if strings.EqualFold(text, name) {
				either = append(either, equalInt(storage.KeyStatus, int64(status)))
			}
		}
	case tagStatusDescription:
		either = append(either, equalText(storage.KeyStatusMessage, text))
	case tagScopeName, "otel.library.name":
		either = append(either, equalText(storage.KeyScopeName, text))
	case tagScopeVersion, "otel.library.version":
		either = append(either, equalText(storage.KeyScopeVersion, text))
	case tagTraceState:
		either = append(either, equalText(storage.KeyTraceState, text))
	case tagEvent:
		either = append(either, equalText(storage.KeyEventName, text))
	case "http.status_code": // the same thing under its present name, and the other way round
		either = append(either, whereAttribute("http.response.status_code", text)...)
	case "http.response.status_code":
		either = append(either, whereAttribute("http.status_code", text)...)
	}
	return either
}
