package storagetest

import (
	"fmt"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage"
)

// model is what a store should hold: whole spans, looked at one by one.
type model struct {
	all  []*storage.Spans
	text map[row]string // what dump has returned
}

func (m *model) add(td ptrace.Traces) { m.all = append(m.all, storage.SpansFromPdata(td)) }

// row is one span of a model.
type row struct {
	s *storage.Spans
	i int
}

// rows calls f with every span that starts in w and satisfies p.
func (m *model) rows(w storage.Window, p storage.Predicate, f func(row)) {
	for _, s := range m.all {
		for i := range s.Len() {
			if r := (row{s, i}); w.Contains(s.StartsNs[i]) && r.satisfies(p) {
				f(r)
			}
		}
	}
}

// satisfies evaluates a predicate as its documentation says.
func (r row) satisfies(p storage.Predicate) bool {
	switch p := p.(type) {
	case nil:
		return true
	case storage.And:
		return !slices.ContainsFunc(p, func(p storage.Predicate) bool { return !r.satisfies(p) })
	case storage.Or:
		return slices.ContainsFunc(p, r.satisfies)
	case storage.Not:
		return !r.satisfies(p.Of)
	case storage.Exists:
		return len(r.values(p.Key)) > 0
	case storage.Compare:
		return slices.ContainsFunc(r.values(p.Key), p.Holds)
	}
	panic(fmt.Sprintf("unknown predicate %T", p))
}

// values lists what a span has under a key: for event and link keys the first
// value of each event or link, otherwise at most one.
func (r row) values(k storage.Key) (list []storage.Value) {
	s, i := r.s, r.i
	add := func(v storage.Value) {
		if v.Type() != storage.TypeAbsent {
			list = append(list, v)
		}
	}
	switch k.Scope {
	case storage.ScopeResource:
		add(s.Lookup(s.ResourceTable[s.Resources[i]].Attributes, k.Name))
	case storage.ScopeInstrumentation:
		add(s.Lookup(s.ScopeTable[s.Scopes[i]].Attributes, k.Name))
	case storage.ScopeSpan:
		add(s.Lookup(s.Attributes[i], k.Name))
	case storage.ScopeEvent:
		for _, e := range s.EventsOf(i) {
			add(s.Lookup(e.Attributes, k.Name))
		}
	case storage.ScopeLink:
		for _, l := range s.LinksOf(i) {
			add(s.Lookup(l.Attributes, k.Name))
		}
	}
	switch k {
	case storage.KeyTraceID:
		add(storage.Bytes(s.TraceIDs[i][:]))
	case storage.KeySpanID:
		add(storage.Bytes(s.SpanIDs[i][:]))
	case storage.KeyParentID:
		add(storage.Bytes(s.ParentIDs[i][:]))
	case storage.KeyName:
		add(storage.String(s.Name(i)))
	case storage.KeyKind:
		add(storage.Int(int64(s.Kinds[i])))
	case storage.KeyStatus:
		add(storage.Int(int64(s.Statuses[i])))
	case storage.KeyStatusMessage:
		add(storage.String(s.Strings[s.StatusMessages[i]]))
	case storage.KeyTraceState:
		add(storage.String(s.Strings[s.TraceStates[i]]))
	case storage.KeyStart:
		add(storage.Int(s.StartsNs[i]))
	case storage.KeyDuration:
		add(storage.Int(s.DurationsNs[i]))
	case storage.KeyScopeName:
		add(storage.String(s.Strings[s.ScopeTable[s.Scopes[i]].Name]))
	case storage.KeyScopeVersion:
		add(storage.String(s.Strings[s.ScopeTable[s.Scopes[i]].Version]))
	case storage.KeyEventName:
		for _, e := range s.EventsOf(i) {
			add(storage.String(s.Strings[e.Name]))
		}
	}
	return list
}

// value is the one that projection and grouping see.
func (r row) value(k storage.Key) storage.Value {
	if list := r.values(k); len(list) > 0 {
		return list[0]
	}
	return storage.Value{}
}

// dump is everything that a span has, as text: equal spans have equal dumps.
func (r row) dump() string {
	s, i := r.s, r.i
	var b strings.Builder
	fmt.Fprintf(&b, "trace %x span %x parent %x start %d duration %d kind %d status %d name %q message %q state %q flags %d dropped %v",
		s.TraceIDs[i], s.SpanIDs[i], s.ParentIDs[i], s.StartsNs[i], s.DurationsNs[i], s.Kinds[i], s.Statuses[i], s.Name(i),
		s.Strings[s.StatusMessages[i]], s.Strings[s.TraceStates[i]], s.Flags[i], s.Dropped[i])
	res, scope := s.ResourceTable[s.Resources[i]], s.ScopeTable[s.Scopes[i]]
	fmt.Fprintf(&b, "\n  resource %q dropped %d", s.Strings[res.SchemaURL], res.DroppedAttributes)
	r.dumpList(&b, res.Attributes)
	fmt.Fprintf(&b, "\n  scope %q %q %q dropped %d", s.Strings[scope.Name], s.Strings[scope.Version], s.Strings[scope.SchemaURL], scope.DroppedAttributes)
	r.dumpList(&b, scope.Attributes)
	b.WriteString("\n  attributes")
	r.dumpList(&b, s.Attributes[i])
	for _, e := range s.EventsOf(i) {
		fmt.Fprintf(&b, "\n  event %d %q dropped %d", e.TimeNs, s.Strings[e.Name], e.DroppedAttributes)
		r.dumpList(&b, e.Attributes)
	}
	for _, l := range s.LinksOf(i) {
		fmt.Fprintf(&b, "\n  link %x %x %q flags %d dropped %d", l.TraceID, l.SpanID, s.Strings[l.TraceState], l.Flags, l.DroppedAttributes)
		r.dumpList(&b, l.Attributes)
	}
	return b.String()
}

func (r row) dumpList(b *strings.Builder, list storage.Range) {
	for _, a := range r.s.List(list) {
		fmt.Fprintf(b, " %q=%s", r.s.Strings[a.Key], show(r.s.Value(a)))
	}
}

// show prints a value so that unequal ones differ.
func show(v storage.Value) string {
	switch v.Type() {
	case storage.TypeString:
		return fmt.Sprintf("%q", v.Str())
	case storage.TypeFloat:
		return fmt.Sprintf("double(%v)", v.Float())
	case storage.TypeBytes, storage.TypeArray, storage.TypeMap:
		return fmt.Sprintf("%s(%x)", v.Type(), v.Str())
	}
	return fmt.Sprintf("%s(%s)", v.Type(), v.Text())
}

// dump is that of one of the model's rows, which is asked for again and again.
func (m *model) dump(r row) string {
	d, ok := m.text[r]
	if !ok {
		if m.text == nil {
			m.text = map[row]string{}
		}
		d = r.dump()
		m.text[r] = d
	}
	return d
}

// dumps lists the spans of a model, sorted.
func (m *model) dumps(keep func(row) bool) (list []string) {
	m.rows(anyTime, nil, func(r row) {
		if keep == nil || keep(r) {
			list = append(list, r.dump())
		}
	})
	slices.Sort(list)
	return list
}

var anyTime = storage.AllTime()
