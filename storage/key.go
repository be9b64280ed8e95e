package storage

import (
	"encoding/hex"
	"fmt"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// TraceID and SpanID are the OTLP identifiers, big endian as on the wire.
type (
	TraceID = pcommon.TraceID
	SpanID  = pcommon.SpanID
)

// ParseTraceID reads 1 to 32 hex digits of either case. A shorter id is left
// padded with zeros, as every tracing client that prints 64-bit ids expects.
func ParseTraceID(s string) (TraceID, error) {
	var id TraceID
	if err := parseID(id[:], s); err != nil {
		return TraceID{}, fmt.Errorf("trace id %q: %w", s, err)
	}
	return id, nil
}

// ParseSpanID reads 1 to 16 hex digits like ParseTraceID.
func ParseSpanID(s string) (SpanID, error) {
	var id SpanID
	if err := parseID(id[:], s); err != nil {
		return SpanID{}, fmt.Errorf("span id %q: %w", s, err)
	}
	return id, nil
}

func parseID(into []byte, s string) error {
	want := 2 * len(into)
	if s == "" || len(s) > want {
		return fmt.Errorf("must have 1 to %d hex digits", want)
	}
	if _, err := hex.Decode(into, []byte(strings.Repeat("0", want-len(s))+s)); err != nil {
		return fmt.Errorf("must have only hex digits: %w", err)
	}
	return nil
}

// Scope says which part of a span or log record a key names.
type Scope uint8

const (
	ScopeIntrinsic       Scope = iota // a field of the record itself
	ScopeResource                     // resource attributes
	ScopeInstrumentation              // instrumentation scope attributes
	ScopeSpan                         // span attributes
	ScopeEvent                        // span event attributes
	ScopeLink                         // span link attributes
	ScopeLog                          // log record attributes
)

var scopeNames = [...]string{"intrinsic", "resource", "scope", "span", "event", "link", "log"}

// String returns the name that heddle's APIs use for the scope.
func (s Scope) String() string {
	if int(s) < len(scopeNames) {
		return scopeNames[s]
	}
	return fmt.Sprintf("scope(%d)", uint8(s))
}

// Key names a column: one attribute of one scope, or an intrinsic field.
type Key struct {
	Scope Scope
	Name  string
}

func (k Key) String() string { return k.Scope.String() + "." + k.Name }

// Intrinsic keys. The comment gives the type of the values.
var (
	KeyTraceID       = Key{ScopeIntrinsic, "trace_id"}       // bytes, 16 long
	KeySpanID        = Key{ScopeIntrinsic, "span_id"}        // bytes, 8 long
	KeyParentID      = Key{ScopeIntrinsic, "parent_id"}      // bytes, 8 long; all zero where there is none
	KeyName          = Key{ScopeIntrinsic, "name"}           // string
	KeyKind          = Key{ScopeIntrinsic, "kind"}           // int, an OTLP SpanKind
	KeyStatus        = Key{ScopeIntrinsic, "status"}         // int, an OTLP StatusCode
	KeyStatusMessage = Key{ScopeIntrinsic, "status_message"} // string
	KeyTraceState    = Key{ScopeIntrinsic, "trace_state"}    // string
	KeyStart         = Key{ScopeIntrinsic, "start"}          // int, Unix ns
	KeyDuration      = Key{ScopeIntrinsic, "duration"}       // int, ns; negative where the span ends before it starts
	KeyScopeName     = Key{ScopeIntrinsic, "scope_name"}     // string
	KeyScopeVersion  = Key{ScopeIntrinsic, "scope_version"}  // string
	KeyEventName     = Key{ScopeIntrinsic, "event_name"}     // string; of any event of the span
	KeyTime          = Key{ScopeIntrinsic, "time"}           // int, Unix ns; log records only
	KeySeverity      = Key{ScopeIntrinsic, "severity"}       // int, an OTLP SeverityNumber; log records only
	KeySeverityText  = Key{ScopeIntrinsic, "severity_text"}  // string; log records only
	KeyBody          = Key{ScopeIntrinsic, "body"}           // any type; log records only

	// KeyService is the attribute that names the service of a resource.
	KeyService = Key{ScopeResource, "service.name"}

	// KeyError is the attribute by which spans say that they failed; see Failed.
	KeyError = Key{ScopeSpan, "error"}
)
