package traceql

import (
	"fmt"
	"slices"
	"strings"

	"github.com/heddle-io/heddle/storage"
)

// scope is where an attribute is looked for.
type scope uint8

const (
	scopeAny scope = iota // .name: the first of those below that has it
	scopeSpan
	scopeResource
	scopeInstrumentation
	scopeEvent
	scopeLink
	scopeTrace // intrinsics only
)

var scopeWords = map[string]scope{
	"span": scopeSpan, "resource": scopeResource, "instrumentation": scopeInstrumentation,
	"event": scopeEvent, "link": scopeLink, "trace": scopeTrace,
}

var scopeTexts = [...]string{"", "span", "resource", "instrumentation", "event", "link", "trace"}

// intrinsic is a field that a span has without anybody having set it.
type intrinsic uint8

const (
	notIntrinsic intrinsic = iota
	inName
	inDuration
	inStatus
	inStatusMessage
	inKind
	inChildCount
	inNestedSetLeft
	inNestedSetRight
	inNestedSetParent
	inSpanID
	inParentID
	inTraceID
	inTraceDuration
	inRootName
	inRootService
	inEventName
	inEventTime
	inLinkTraceID
	inLinkSpanID
	inScopeName
	inScopeVersion
	intrinsicCount
)

// intrinsicInfo describes an intrinsic. Its first name is the canonical one:
// the name without a scope, where there is one.
type intrinsicInfo struct {
	names []string
	typ   Type
	id    int  // bytes of an id that is compared with hex digits, 0: none
	trace bool // the same for all spans of a trace
	multi bool // one value per event or link
	key   storage.Key
}

var intrinsics = [intrinsicCount]intrinsicInfo{
	inName:            {names: []string{"name", "span:name"}, typ: TypeString, key: storage.KeyName},
	inDuration:        {names: []string{"duration", "span:duration"}, typ: TypeDuration, key: storage.KeyDuration},
	inStatus:          {names: []string{"status", "span:status"}, typ: TypeStatus, key: storage.KeyStatus},
	inStatusMessage:   {names: []string{"statusMessage", "span:statusMessage"}, typ: TypeString, key: storage.KeyStatusMessage},
	inKind:            {names: []string{"kind", "span:kind"}, typ: TypeKind, key: storage.KeyKind},
	inChildCount:      {names: []string{"childCount", "span:childCount"}, typ: TypeInt},
	inNestedSetLeft:   {names: []string{"nestedSetLeft", "span:nestedSetLeft"}, typ: TypeInt},
	inNestedSetRight:  {names: []string{"nestedSetRight", "span:nestedSetRight"}, typ: TypeInt},
	inNestedSetParent: {names: []string{"nestedSetParent", "span:nestedSetParent"}, typ: TypeInt},
	inSpanID:          {names: []string{"span:id"}, typ: TypeString, id: 8, key: storage.KeySpanID},
	inParentID:        {names: []string{"span:parentID", "parent:id", "parent"}, typ: TypeString, id: 8, key: storage.KeyParentID},
	inTraceID:         {names: []string{"trace:id"}, typ: TypeString, id: 16, trace: true, key: storage.KeyTraceID},
	inTraceDuration:   {names: []string{"traceDuration", "trace:duration"}, typ: TypeDuration, trace: true},
	inRootName:        {names: []string{"rootName", "trace:rootName"}, typ: TypeString, trace: true},
	inRootService:     {names: []string{"rootServiceName", "trace:rootService"}, typ: TypeString, trace: true},
	inEventName:       {names: []string{"event:name"}, typ: TypeString, multi: true, key: storage.KeyEventName},
	inEventTime:       {names: []string{"event:timeSinceStart"}, typ: TypeDuration, multi: true},
	inLinkTraceID:     {names: []string{"link:traceID"}, typ: TypeString, id: 16, multi: true},
	inLinkSpanID:      {names: []string{"link:spanID"}, typ: TypeString, id: 8, multi: true},
	inScopeName:       {names: []string{"instrumentation:name"}, typ: TypeString, key: storage.KeyScopeName},
	inScopeVersion:    {names: []string{"instrumentation:version"}, typ: TypeString, key: storage.KeyScopeVersion},
}

// intrinsicByName has every name of every intrinsic.
var intrinsicByName = func() map[string]intrinsic {
	m := map[string]intrinsic{}
	for i, info := range intrinsics {
		for _, name := range info.names {
			m[name] = intrinsic(i)
		}
	}
	return m
}()

// Intrinsics lists the names of the intrinsic fields, every spelling, sorted.
func Intrinsics() []string {
	var names []string
	for name := range intrinsicByName {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// field names a value of a span: an attribute or an intrinsic, of the span
// itself or of its parent.
type field struct {
	parent    bool
	scope     scope
	name      string // of an attribute
	intrinsic intrinsic
}

func (f field) typ() Type {
	if f.intrinsic != notIntrinsic {
		return intrinsics[f.intrinsic].typ
	}
	return typeAny
}

// multi says whether one span may have several values under the field.
func (f field) multi() bool {
	if f.intrinsic != notIntrinsic {
		return intrinsics[f.intrinsic].multi
	}
	return f.scope == scopeEvent || f.scope == scopeLink
}

// String is the canonical name; it is also the name of a label.
func (f field) String() string {
	if f.intrinsic != notIntrinsic {
		name := intrinsics[f.intrinsic].names[0]
		if f.parent {
			if _, after, ok := strings.Cut(name, ":"); ok {
				name = after
			}
			return "parent:" + name
		}
		return name
	}
	text := scopeTexts[f.scope] + "." + QuoteName(f.name)
	switch {
	case !f.parent:
		return text
	case f.scope != scopeAny:
		return "parent." + text
	case QuoteName(f.name) == f.name && !readsAsAttribute(f.name):
		return `parent."` + f.name + `"`
	}
	return "parent" + text
}

// readsAsAttribute says whether parent.name is an attribute without a scope.
func readsAsAttribute(name string) bool {
	before, _, dotted := strings.Cut(name, ".")
	_, isScope := scopeWords[before]
	_, isIntrinsic := intrinsicByName[name]
	return !(dotted && isScope) && !isIntrinsic
}

// bare is the name without its scope.
func (f field) bare() string {
	if f.intrinsic != notIntrinsic {
		return f.String()
	}
	return f.name
}

// QuoteName writes the name of an attribute as it stands behind its scope: in
// quotes where it has more than letters, digits and a few signs.
func QuoteName(name string) string {
	plain := name != "" && (name[0] < '0' || name[0] > '9')
	for _, r := range name {
		if !isWordRune(r) && r != '.' && r != '-' {
			plain = false
		}
	}
	if plain {
		return name
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"`
}

// keys are the storage keys under which the store may have a value of the
// field, in the order in which they are looked at; nil when it has none.
func (f field) keys() []storage.Key {
	if f.intrinsic != notIntrinsic {
		if key := intrinsics[f.intrinsic].key; key != (storage.Key{}) {
			return []storage.Key{key}
		}
		return nil
	}
	var keys []storage.Key
	for _, s := range f.scopes() {
		keys = append(keys, storage.Key{Scope: storageScopes[s], Name: f.name})
	}
	return keys
}

var allScopes = []scope{scopeSpan, scopeResource, scopeInstrumentation, scopeEvent, scopeLink}

func (f field) scopes() []scope {
	if f.scope == scopeAny {
		return allScopes
	}
	return []scope{f.scope}
}

var storageScopes = map[scope]storage.Scope{
	scopeSpan: storage.ScopeSpan, scopeResource: storage.ScopeResource, scopeInstrumentation: storage.ScopeInstrumentation,
	scopeEvent: storage.ScopeEvent, scopeLink: storage.ScopeLink,
}

// Field is a named value of spans: an attribute or an intrinsic.
type Field struct{ f field }

// ParseField reads the name of a field, such as resource.service.name,
// .http.method, status or event:name. The error is a *SyntaxError.
func ParseField(name string) (Field, error) {
	p := newParser(name)
	f := p.field()
	if p.err == nil && p.tok.kind != tokenEOF {
		p.failHere(fmt.Sprintf("%s is more than the name of a field", shorten(name)), "quote a name with special characters: span.\"a b\"")
	}
	if p.err != nil {
		return Field{}, p.err
	}
	return Field{f}, nil
}

// String returns the canonical name.
func (f Field) String() string { return f.f.String() }

// Keys returns the storage keys that the field stands for, none for a field
// that is computed from the trace. A field without a scope stands for several.
func (f Field) Keys() []storage.Key { return f.f.keys() }

// Value converts what the store has under one of the keys: kinds, statuses,
// durations and ids have types of their own here.
func (f Field) Value(v storage.Value) Value { return f.f.valueOf(v) }
