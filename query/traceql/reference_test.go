package traceql

import (
	"encoding/hex"
	"math"
	"math/big"
	"regexp"
	"slices"
	"time"

	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

// The reference evaluator: the language by its definition, on spans with maps,
// slow and simple. It shares the syntax tree and arithmetic with the package,
// nothing else.

type refSpan struct {
	name, message     string
	id, parentID      string
	startNs, duration int64
	status, kind      uint8
	attrs             map[scope][]map[string]storage.Value // a map for every event and link
	scopeName         string
	scopeVersion      string
	events            []refEvent
	links             [][2]string
	spanID            storage.SpanID
	traceState        string

	parent      int // -1 at the top level
	left, right int
	siblingOf   string // equal for siblings, "" for none
}

type refEvent struct {
	name string
	at   int64
}

type refTrace struct {
	id    storage.TraceID
	spans []refSpan
	t     *trace.Trace
}

func refTraces(s *storage.Spans) []refTrace {
	var list []refTrace
	for _, t := range trace.Build(s) {
		list = append(list, newRefTrace(t))
	}
	return list
}

func newRefTrace(t *trace.Trace) refTrace {
	out := refTrace{id: t.ID, t: t}
	s := t.Spans
	attrs := func(r storage.Range) map[string]storage.Value {
		m := map[string]storage.Value{}
		for _, a := range s.List(r) {
			if _, ok := m[s.Strings[a.Key]]; !ok {
				m[s.Strings[a.Key]] = s.Value(a)
			}
		}
		return m
	}
	for p, r := range t.Rows {
		row := int(r)
		scopeEntry := s.ScopeTable[s.Scopes[row]]
		span := refSpan{
			name: s.Name(row), message: s.Strings[s.StatusMessages[row]],
			id: s.SpanIDs[row].String(), spanID: s.SpanIDs[row], traceState: s.Strings[s.TraceStates[row]],
			startNs: s.StartsNs[row], duration: s.DurationsNs[row], status: s.Statuses[row], kind: s.Kinds[row],
			scopeName: s.Strings[scopeEntry.Name], scopeVersion: s.Strings[scopeEntry.Version],
			parent: int(t.Parents[p]),
			attrs: map[scope][]map[string]storage.Value{
				scopeSpan:            {attrs(s.Attributes[row])},
				scopeResource:        {attrs(s.ResourceTable[s.Resources[row]].Attributes)},
				scopeInstrumentation: {attrs(scopeEntry.Attributes)},
			},
		}
		if !s.ParentIDs[row].IsEmpty() {
			span.parentID = s.ParentIDs[row].String()
		}
		if span.parent >= 0 {
			span.siblingOf = "child of " + string(rune('a'+span.parent))
		} else if t.Flags[p]&trace.Orphan != 0 {
			span.siblingOf = "orphan of " + span.parentID
		}
		for _, e := range s.EventsOf(row) {
			span.events = append(span.events, refEvent{s.Strings[e.Name], e.TimeNs - span.startNs})
			span.attrs[scopeEvent] = append(span.attrs[scopeEvent], attrs(e.Attributes))
		}
		for _, l := range s.LinksOf(row) {
			span.links = append(span.links, [2]string{hex.EncodeToString(l.TraceID[:]), hex.EncodeToString(l.SpanID[:])})
			span.attrs[scopeLink] = append(span.attrs[scopeLink], attrs(l.Attributes))
		}
		out.spans = append(out.spans, span)
	}
	next := 1
	var walk func(parent int)
	walk = func(parent int) {
		for i := range out.spans {
			if out.spans[i].parent == parent {
				out.spans[i].left = next
				next++
				walk(i)
				out.spans[i].right = next
				next++
			}
		}
	}
	walk(-1)
	return out
}

// values are all values of a field that are not nil.
func (t *refTrace) values(f field, i int) []Value {
	if f.parent {
		f.parent = false
		if t.spans[i].parent < 0 {
			return nil
		}
		return t.values(f, t.spans[i].parent)
	}
	s := &t.spans[i]
	if f.intrinsic == notIntrinsic {
		for _, sc := range f.scopes() {
			var list []Value
			for _, m := range s.attrs[sc] {
				if x := ValueOf(m[f.name]); !x.IsNil() {
					list = append(list, x)
				}
			}
			if list != nil {
				return list
			}
		}
		return nil
	}
	root := 0
	for j := range t.spans {
		if t.t.Flags[j]&trace.Root != 0 {
			root = j
			break
		}
	}
	service := func(j int) string { return t.spans[j].attrs[scopeResource][0]["service.name"].Text() }
	switch f.intrinsic {
	case inName:
		return []Value{String(s.name)}
	case inDuration:
		return []Value{Duration(time.Duration(s.duration))}
	case inStatus:
		return []Value{Status(s.status)}
	case inKind:
		return []Value{Kind(s.kind)}
	case inStatusMessage:
		return []Value{String(s.message)}
	case inChildCount:
		n := 0
		for j := range t.spans {
			if t.spans[j].parent == i {
				n++
			}
		}
		return []Value{Int(int64(n))}
	case inNestedSetLeft:
		return []Value{Int(int64(s.left))}
	case inNestedSetRight:
		return []Value{Int(int64(s.right))}
	case inNestedSetParent:
		switch {
		case s.parentID == "":
			return []Value{Int(-1)}
		case s.parent < 0:
			return []Value{Int(0)}
		}
		return []Value{Int(int64(t.spans[s.parent].left))}
	case inSpanID:
		return []Value{String(s.id)}
	case inParentID:
		if s.parentID == "" {
			return nil
		}
		return []Value{String(s.parentID)}
	case inTraceID:
		return []Value{String(t.id.String())}
	case inTraceDuration:
		from, to := t.spans[0].startNs, t.spans[0].startNs
		for _, s := range t.spans {
			from, to = min(from, s.startNs), max(to, s.startNs, s.startNs+s.duration)
		}
		return []Value{Duration(time.Duration(to - from))}
	case inRootName:
		return []Value{String(t.spans[root].name)}
	case inRootService:
		return []Value{String(service(root))}
	case inScopeName:
		return []Value{String(s.scopeName)}
	case inScopeVersion:
		return []Value{String(s.scopeVersion)}
	}
	var list []Value
	for _, e := range s.events {
		switch f.intrinsic {
		case inEventName:
			list = append(list, String(e.name))
		case inEventTime:
			list = append(list, Duration(time.Duration(e.at)))
		}
	}
	for _, l := range s.links {
		switch f.intrinsic {
		case inLinkTraceID:
			list = append(list, String(l[0]))
		case inLinkSpanID:
			list = append(list, String(l[1]))
		}
	}
	return list
}

// eval returns the values of an expression; none is nil.
func (t *refTrace) eval(x expr, i int) []Value {
	one := func(v Value) []Value {
		if v.IsNil() {
			return nil
		}
		return []Value{v}
	}
	firstOf := func(x expr) Value {
		if list := t.eval(x, i); len(list) > 0 {
			return list[0]
		}
		return Value{}
	}
	switch x := x.(type) {
	case *literal:
		return one(x.value)
	case *fieldExpr:
		return t.values(x.field, i)
	case *unaryOp:
		if x.op == opSub {
			return one(negate(firstOf(x.x)))
		}
	case *binaryOp:
		if x.op.arithmetic() {
			return one(arithmetic(x.op, firstOf(x.l), firstOf(x.r)))
		}
	}
	return []Value{Bool(t.holds(x, i))}
}

func (t *refTrace) holds(x expr, i int) bool {
	switch x := x.(type) {
	case nil:
		return true
	case *literal:
		return x.value.Bool()
	case *fieldExpr:
		return t.holds(&binaryOp{op: opEqual, l: x, r: &literal{Bool(true)}}, i)
	case *unaryOp:
		return !t.holds(x.x, i)
	case *binaryOp:
		switch x.op {
		case opAnd:
			return t.holds(x.l, i) && t.holds(x.r, i)
		case opOr:
			return t.holds(x.l, i) || t.holds(x.r, i)
		}
		l, r := t.eval(x.l, i), t.eval(x.r, i)
		if isNilLiteral(x.l) || isNilLiteral(x.r) {
			return (len(l) == 0 && len(r) == 0) == (x.op == opEqual)
		}
		l, r = refIDs(x.l, x.r, l, x.regexp), refIDs(x.r, x.l, r, x.regexp)
		for _, a := range l {
			for _, b := range r {
				if refCompare(x.op, a, b, x.regexp) {
					return true
				}
			}
		}
	}
	return false
}

// refIDs pads the digits with which an id is compared.
func refIDs(x, other expr, values []Value, re *regexp.Regexp) []Value {
	f, ok := other.(*fieldExpr)
	if _, isLiteral := x.(*literal); !ok || !isLiteral || re != nil || intrinsics[f.field.intrinsic].id == 0 {
		return values
	}
	digits := values[0].str
	for len(digits) < 2*intrinsics[f.field.intrinsic].id {
		digits = "0" + digits
	}
	return []Value{String(digits)}
}

func refCompare(op operator, a, b Value, re *regexp.Regexp) bool {
	for _, side := range []int{0, 1} {
		array := []Value{a, b}[side]
		if array.typ != TypeArray {
			continue
		}
		trues, all := 0, arrayItems(array)
		for _, item := range all {
			pair := []Value{a, b}
			pair[side] = item
			if refCompare(op, pair[0], pair[1], re) {
				trues++
			}
		}
		if op == opNotEqual || op == opNotMatch {
			return trues == len(all)
		}
		return trues > 0
	}
	if op == opMatch || op == opNotMatch {
		return a.typ == TypeString && re.MatchString(a.str) == (op == opMatch)
	}
	order, ok := 0, true
	number := func(v Value) *big.Float {
		f, ok := v.Number()
		if !ok || f != f {
			return nil
		}
		if v.typ == TypeFloat {
			return big.NewFloat(f)
		}
		return new(big.Float).SetInt64(v.Int())
	}
	switch x, y := number(a), number(b); {
	case x != nil && y != nil:
		order = x.Cmp(y)
	case a.typ != b.typ || a.typ.numeric():
		ok = false
	case a.typ == TypeString || a.typ == TypeBytes || a.typ == TypeMap:
		order = slices.Compare([]byte(a.str), []byte(b.str))
	default:
		order = int(a.bits) - int(b.bits)
	}
	if !ok {
		return op == opNotEqual
	}
	return map[operator]bool{
		opEqual: order == 0, opNotEqual: order != 0, opLess: order < 0, opLessEqual: order <= 0, opGreater: order > 0, opGreaterEqual: order >= 0,
	}[op]
}

// refSet is a spanset: positions, ascending, and the notes as name and text.
type refSet struct {
	at    []int
	notes [][2]string
}

// noteText prints the last note of every name.
func (s refSet) noteText() (text string) {
	for i, n := range s.notes {
		if !slices.ContainsFunc(s.notes[i+1:], func(o [2]string) bool { return o[0] == n[0] }) {
			text += " " + n[0] + "=" + n[1]
		}
	}
	return text
}

func (t *refTrace) all() []int {
	var list []int
	for i := range t.spans {
		list = append(list, i)
	}
	return list
}

func (t *refTrace) stages(stages []stage, in refSet, first bool) []refSet {
	sets := []refSet{in}
	for _, st := range stages {
		var out []refSet
		for _, set := range sets {
			if len(set.at) == 0 {
				continue
			}
			switch st := st.(type) {
			case *scalarFilter:
				if at, notes, ok := t.scalarFilter(st, set.at, first); ok {
					out = append(out, refSet{at, slices.Concat(set.notes, notes)})
				}
			case spanset:
				if at := t.set(st, set.at, first); len(at) > 0 {
					out = append(out, refSet{at, set.notes})
				}
			case *group:
				out = append(out, t.group(st.by, set)...)
			case *selection:
				out = append(out, set)
			}
		}
		if _, ok := st.(*coalesce); ok && len(sets) > 0 {
			var at []int
			for _, set := range sets {
				at = append(at, set.at...)
			}
			out = []refSet{{at: sorted(at)}}
		}
		sets = out
		first = false
	}
	return sets
}

func (t *refTrace) group(by []expr, set refSet) []refSet {
	if len(by) == 0 {
		return []refSet{set}
	}
	var order []Value
	members := map[Value][]int{}
	for _, i := range set.at {
		x := Value{}
		if list := t.eval(by[0], i); len(list) > 0 {
			x = list[0]
		}
		if members[x] == nil {
			order = append(order, x)
		}
		members[x] = append(members[x], i)
	}
	var out []refSet
	for _, x := range order {
		var b printer
		b.expr(by[0], 0)
		out = append(out, t.group(by[1:], refSet{members[x], slices.Concat(set.notes, [][2]string{{"by(" + b.String() + ")", x.String()}})})...)
	}
	return out
}

func sorted(at []int) []int {
	at = slices.Clone(at)
	slices.Sort(at)
	return slices.Compact(at)
}

func (t *refTrace) union(sets []refSet) (at []int) {
	for _, set := range sets {
		at = append(at, set.at...)
	}
	return sorted(at)
}

func (t *refTrace) set(s spanset, in []int, first bool) []int {
	var out []int
	switch s := s.(type) {
	case *filter:
		for _, i := range in {
			if t.holds(s.where, i) {
				out = append(out, i)
			}
		}
	case *pipeline:
		if len(in) > 0 {
			out = t.union(t.stages(s.stages, refSet{at: in}, first))
		}
	case *scalarFilter:
		if len(in) > 0 {
			if at, _, ok := t.scalarFilter(s, in, first); ok {
				out = at
			}
		}
	case *setOp:
		a, b := t.set(s.l, in, first), t.set(s.r, in, first)
		switch s.op {
		case opOr:
			return sorted(append(a, b...))
		case opAnd:
			if len(a) > 0 && len(b) > 0 {
				return sorted(append(a, b...))
			}
			return nil
		}
		for _, j := range b {
			if slices.ContainsFunc(a, func(i int) bool { return t.related(s.op, i, j) }) != (s.mode == negated) {
				out = append(out, j)
			}
		}
		if s.mode == union {
			for _, i := range a {
				if slices.ContainsFunc(b, func(j int) bool { return t.related(s.op, i, j) }) {
					out = append(out, i)
				}
			}
		}
		return sorted(out)
	}
	return out
}

// related says whether "i op j".
func (t *refTrace) related(op operator, i, j int) bool {
	above := func(i, j int) bool {
		for j = t.spans[j].parent; j >= 0; j = t.spans[j].parent {
			if j == i {
				return true
			}
		}
		return false
	}
	switch op {
	case opChild:
		return t.spans[j].parent == i
	case opParent:
		return t.spans[i].parent == j
	case opDescendant:
		return above(i, j)
	case opAncestor:
		return above(j, i)
	}
	return i != j && t.spans[i].siblingOf != "" && t.spans[i].siblingOf == t.spans[j].siblingOf
}

func (t *refTrace) scalarFilter(s *scalarFilter, in []int, first bool) ([]int, [][2]string, bool) {
	var notes [][2]string
	var selected []int
	l, r := t.scalar(s.l, in, first, &notes, &selected), t.scalar(s.r, in, first, &notes, &selected)
	if l.IsNil() || r.IsNil() || !refCompare(s.op, l, r, nil) {
		return nil, nil, false
	}
	if first && !aggregatesInput(s.l) && !aggregatesInput(s.r) && len(selected) > 0 {
		in = sorted(selected)
	}
	return in, notes, true
}

func (t *refTrace) scalar(s scalar, in []int, first bool, notes *[][2]string, selected *[]int) Value {
	switch s := s.(type) {
	case *scalarLiteral:
		return s.value
	case *scalarOp:
		if s.l == nil {
			return negate(t.scalar(s.r, in, first, notes, selected))
		}
		l := t.scalar(s.l, in, first, notes, selected)
		return arithmetic(s.op, l, t.scalar(s.r, in, first, notes, selected))
	case *scalarPipe:
		at := t.union(t.stages(s.stages, refSet{at: in}, first))
		*selected = append(*selected, at...)
		var inner [][2]string
		return t.scalar(s.value, at, false, &inner, selected)
	case *aggregate:
		x := Int(int64(len(in)))
		if s.fn != "count" {
			x = t.aggregate(s, in)
		}
		var b printer
		b.scalar(s, 0)
		*notes = append(*notes, [2]string{b.String(), x.String()})
		return x
	}
	panic("scalar")
}

func (t *refTrace) aggregate(s *aggregate, in []int) Value {
	var list []Value
	sum, allDurations := Int(0), true
	for _, i := range in {
		values := t.eval(s.arg, i)
		if len(values) == 0 {
			continue
		}
		if f, ok := values[0].Number(); !ok || f != f {
			continue
		}
		list = append(list, values[0])
		sum = arithmetic(opAdd, sum, values[0])
		allDurations = allDurations && values[0].typ == TypeDuration
	}
	if len(list) == 0 {
		return Value{}
	}
	f, _ := sum.Number()
	switch s.fn {
	case "sum":
		if sum.typ == TypeDuration && !allDurations {
			return Int(sum.Int())
		}
		return sum
	case "avg":
		if allDurations {
			return Duration(time.Duration(math.Round(f / float64(len(list)))))
		}
		return Float(f / float64(len(list)))
	}
	best := list[0]
	for _, x := range list {
		if s.fn == "min" && refCompare(opLess, x, best, nil) || s.fn == "max" && refCompare(opGreater, x, best, nil) {
			best = x
		}
	}
	return best
}

var (
	refOT        = regexp.MustCompile(`^(?:[^,]*,)*?[ \t]*ot=([^,]*?)[ \t]*(?:,|$)`)
	refThreshold = regexp.MustCompile(`^(?:[^;]*;)*?th:([^;]*)`)
	refExponent  = regexp.MustCompile(`^(?:[^;]*;)*?p:([0-9]+)(?:;|$)`)
	refRandom    = regexp.MustCompile(`^(?:[^;]*;)*?r:([0-9]+)(?:;|$)`)
)

// weight is the adjusted count of a span, by rational numbers.
func (s *refSpan) weight() float64 {
	ot := refOT.FindStringSubmatch(s.traceState)
	if ot == nil {
		return 1
	}
	number := func(digits string, base int) *big.Int {
		n, _ := new(big.Int).SetString(digits, base)
		return n
	}
	if th := refThreshold.FindStringSubmatch(ot[1]); th != nil {
		if !regexp.MustCompile(`^[0-9a-fA-F]{1,14}$`).MatchString(th[1]) {
			return 1
		}
		all := new(big.Int).Lsh(big.NewInt(1), 56)
		kept := new(big.Int).Sub(all, number((th[1] + "00000000000000")[:14], 16))
		w, _ := new(big.Rat).SetFrac(all, kept).Float64()
		return w
	}
	p := refExponent.FindStringSubmatch(ot[1])
	if p == nil || number(p[1], 10).Cmp(big.NewInt(63)) > 0 {
		return 1
	}
	exponent := number(p[1], 10).Int64()
	if exponent == 63 {
		return 0
	}
	if r := refRandom.FindStringSubmatch(ot[1]); r != nil && number(r[1], 10).Cmp(big.NewInt(62)) <= 0 && exponent > number(r[1], 10).Int64() {
		return 1
	}
	return math.Pow(2, float64(exponent))
}
