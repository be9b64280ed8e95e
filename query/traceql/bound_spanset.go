package traceql

import "github.com/heddle-io/heddle/storage"

// boundStages bounds the spans that stages let through.
func boundStages(stages []stage, known types) bound {
	out := allSpans
	for _, s := range stages {
		if set, ok := s.(spanset); ok { // all other stages leave the spans as they are
			out = out.and(boundSet(set, known))
		}
	}
	return out
}

// boundSet bounds the spans that a spanset has. A side of an operator that
// selects none of the spans in the window may select some outside of it: that
// says nothing about the other side.
func boundSet(s spanset, known types) bound {
	switch s := s.(type) {
	case *filter:
		return boundOf(s.where, known)
	case *pipeline:
		return boundStages(s.stages, known).inexact()
	case *setOp:
		l, r := boundSet(s.l, known), boundSet(s.r, known)
		switch {
		case s.op == opOr:
			return l.or(r)
		case s.op == opAnd || s.mode == union:
			return l.or(r).inexact()
		}
		return r.inexact()
	}
	return everySpan // a comparison of scalars keeps what it is given
}

// needsOf lists conditions that each some span of the trace must satisfy for
// the stages to let anything through, wherever in time that span is. What
// every span satisfies is left out.
func needsOf(stages []stage, known types) []storage.Predicate {
	var needs []storage.Predicate
	within := allSpans // what a later stage looks at
	for _, s := range stages {
		set, ok := s.(spanset)
		if !ok {
			continue
		}
		needs = append(needs, needsOfSet(set, within, known)...)
		within = within.and(boundSet(set, known))
	}
	return needs
}

func needsOfSet(s spanset, within bound, known types) []storage.Predicate {
	switch s := s.(type) {
	case *filter:
		var needs []storage.Predicate
		if b := within.and(boundOf(s.where, known)); b.where != nil {
			needs = append(needs, b.where)
		}
		return append(needs, needsOfOthers(s.where, known)...)
	case *pipeline:
		return needsOf(s.stages, known)
	case *setOp:
		if s.op == opOr {
			if b := within.and(boundSet(s, known)); b.where != nil {
				return []storage.Predicate{b.where}
			}
			return nil
		}
		right := needsOfSet(s.r, within, known)
		if s.mode == negated {
			return right
		}
		return append(needsOfSet(s.l, within, known), right...)
	}
	return nil
}

// needsOfOthers lists what a condition on one span needs of another one: of
// its parent, or of the span that stands for the trace.
func needsOfOthers(x expr, known types) []storage.Predicate {
	b, ok := x.(*binaryOp)
	if !ok {
		return nil
	}
	if b.op == opAnd {
		return append(needsOfOthers(b.l, known), needsOfOthers(b.r, known)...)
	}
	if !b.op.comparison() {
		return nil
	}
	f, op, c, ok := fieldAndConstant(b)
	if !ok || c.IsNil() {
		return nil
	}
	need := everySpan
	switch {
	case f.parent:
		f.parent = false
		need = boundField(f, op, c, b.regexp, known)
	case f.intrinsic == inRootName:
		need = boundIntrinsic(inName, op, c, b.regexp)
	case f.intrinsic == inRootService && c != String("") && (op == opEqual || op == opMatch && !b.regexp.MatchString("")):
		// The name of a service is the text of an attribute, "" where there is none.
		need.where = storage.Compare{Key: storage.KeyService, Op: storageOps[op], Value: c.Storage(), AsText: true, Regexp: b.regexp}
	}
	if need.where == nil {
		return nil
	}
	return []storage.Predicate{need.where}
}
