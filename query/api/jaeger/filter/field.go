package filter

import (
	"slices"
	"strings"

	"github.com/heddle-io/heddle/storage"
)

// level is where a value is looked for.
type level uint8

const (
	noLevel level = iota // of an attribute: span or resource
	spanLevel
	resourceLevel
	scopeLevel
	eventLevel
	linkLevel
)

var levelNames = [...]string{"", "span", "resource", "scope", "event", "link"}

func (l level) String() string { return levelNames[l] }

func levelOf(name string) (level, bool) {
	i := slices.Index(levelNames[:], name)
	return level(max(i, 0)), i >= 0
}

// levels is a set of them.
type levels uint8

func (s levels) with(l level) levels { return s | 1<<l }
func (s levels) has(l level) bool    { return s&(1<<l) != 0 }

func (l level) scope() storage.Scope {
	switch l {
	case resourceLevel:
		return storage.ScopeResource
	case scopeLevel:
		return storage.ScopeInstrumentation
	case eventLevel:
		return storage.ScopeEvent
	case linkLevel:
		return storage.ScopeLink
	}
	return storage.ScopeSpan
}

// kind is what can be compared with each other.
type kind uint8

const (
	anyKind kind = iota // an attribute, or a constant without a type
	textKind
	numberKind
	boolKind
	durationKind
	instantKind
	wordKind // text out of a closed list, without an order
)

var kindNames = [...]string{"a value of any kind", "a text", "a number", "a boolean", "a duration", "an instant", "a word"}

func (k kind) String() string { return kindNames[k] }

// ordered says whether gt and the like may compare it.
func (k kind) ordered() bool { return k != boolKind && k != wordKind }

// field is a built-in field.
type field struct {
	level level
	name  string
	kind  kind
	// key is the field in the store; the zero Key where it has none.
	key storage.Key
	// words are what a wordKind may be; the index is the stored number.
	words []string
	// optional: there is no value where the text is empty.
	optional bool
	// idBytes is how long an id is, 0 for what is none.
	idBytes int
	// read returns the value: a string, or an int of nanoseconds.
	read func(at *place) storage.Value
}

func (f *field) String() string { return f.level.String() + "." + f.name }

var (
	kindWords   = []string{"unspecified", "internal", "server", "client", "producer", "consumer"}
	statusWords = []string{"unset", "ok", "error"}
)

// NoServiceName stands for the service of spans whose resource names none, as in
// Jaeger's translation from OTLP.
const NoServiceName = "OTLPResourceNoServiceName"

var fields = []*field{
	{level: spanLevel, name: "traceID", kind: textKind, key: storage.KeyTraceID, idBytes: 16, read: func(at *place) storage.Value {
		return storage.String(at.s.TraceIDs[at.row].String())
	}},
	{level: spanLevel, name: "spanID", kind: textKind, key: storage.KeySpanID, idBytes: 8, read: func(at *place) storage.Value {
		return storage.String(at.s.SpanIDs[at.row].String())
	}},
	{level: spanLevel, name: "parentSpanID", kind: textKind, key: storage.KeyParentID, idBytes: 8, optional: true, read: func(at *place) storage.Value {
		return storage.String(at.s.ParentIDs[at.row].String())
	}},
	{level: spanLevel, name: "traceState", kind: textKind, key: storage.KeyTraceState, optional: true, read: func(at *place) storage.Value {
		return at.text(at.s.TraceStates[at.row])
	}},
	{level: spanLevel, name: "name", kind: textKind, key: storage.KeyName, read: func(at *place) storage.Value {
		return at.text(at.s.Names[at.row])
	}},
	{level: spanLevel, name: "kind", kind: wordKind, key: storage.KeyKind, words: kindWords, read: func(at *place) storage.Value {
		return word(kindWords, at.s.Kinds[at.row])
	}},
	{level: spanLevel, name: "startTime", kind: instantKind, key: storage.KeyStart, read: func(at *place) storage.Value {
		return storage.Int(at.s.StartsNs[at.row])
	}},
	{level: spanLevel, name: "endTime", kind: instantKind, read: func(at *place) storage.Value {
		return storage.Int(at.s.EndNs(at.row))
	}},
	{level: spanLevel, name: "duration", kind: durationKind, key: storage.KeyDuration, read: func(at *place) storage.Value {
		return storage.Int(at.s.DurationsNs[at.row])
	}},
	{level: spanLevel, name: "status", kind: wordKind, key: storage.KeyStatus, words: statusWords, read: func(at *place) storage.Value {
		return word(statusWords, at.s.Statuses[at.row])
	}},
	{level: spanLevel, name: "statusMessage", kind: textKind, key: storage.KeyStatusMessage, optional: true, read: func(at *place) storage.Value {
		return at.text(at.s.StatusMessages[at.row])
	}},

	{level: resourceLevel, name: "service", kind: textKind, key: storage.KeyService, read: func(at *place) storage.Value {
		if name := at.s.Service(at.row); name != "" {
			return storage.String(name)
		}
		return storage.String(NoServiceName)
	}},
	{level: resourceLevel, name: "schemaURL", kind: textKind, optional: true, read: func(at *place) storage.Value {
		return at.text(at.s.ResourceTable[at.s.Resources[at.row]].SchemaURL)
	}},

	{level: scopeLevel, name: "name", kind: textKind, key: storage.KeyScopeName, optional: true, read: func(at *place) storage.Value {
		return at.text(at.s.ScopeTable[at.s.Scopes[at.row]].Name)
	}},
	{level: scopeLevel, name: "version", kind: textKind, key: storage.KeyScopeVersion, optional: true, read: func(at *place) storage.Value {
		return at.text(at.s.ScopeTable[at.s.Scopes[at.row]].Version)
	}},
	{level: scopeLevel, name: "schemaURL", kind: textKind, optional: true, read: func(at *place) storage.Value {
		return at.text(at.s.ScopeTable[at.s.Scopes[at.row]].SchemaURL)
	}},

	// Of the event or link at hand.
	{level: eventLevel, name: "name", kind: textKind, key: storage.KeyEventName, read: func(at *place) storage.Value {
		return at.text(at.s.EventTable[at.event].Name)
	}},
	{level: eventLevel, name: "time", kind: instantKind, read: func(at *place) storage.Value {
		return storage.Int(at.s.EventTable[at.event].TimeNs)
	}},
	{level: eventLevel, name: "timeSinceStart", kind: durationKind, read: func(at *place) storage.Value {
		return storage.Int(at.s.EventTable[at.event].TimeNs - at.s.StartsNs[at.row])
	}},
	{level: linkLevel, name: "traceID", kind: textKind, idBytes: 16, optional: true, read: func(at *place) storage.Value {
		return storage.String(at.s.LinkTable[at.link].TraceID.String())
	}},
	{level: linkLevel, name: "spanID", kind: textKind, idBytes: 8, optional: true, read: func(at *place) storage.Value {
		return storage.String(at.s.LinkTable[at.link].SpanID.String())
	}},
	{level: linkLevel, name: "traceState", kind: textKind, optional: true, read: func(at *place) storage.Value {
		return at.text(at.s.LinkTable[at.link].TraceState)
	}},
}

func word(words []string, number uint8) storage.Value {
	if int(number) < len(words) {
		return storage.String(words[number])
	}
	return storage.Value{}
}

func fieldOf(l level, name string) (*field, bool) {
	i := slices.IndexFunc(fields, func(f *field) bool { return f.level == l && f.name == name })
	if i < 0 {
		return nil, false
	}
	return fields[i], true
}

// fieldNames lists the fields of a level, for an error.
func fieldNames(l level) string {
	var names []string
	for _, f := range fields {
		if f.level == l {
			names = append(names, f.name)
		}
	}
	return strings.Join(names, ", ")
}
