package columnar

import (
	"errors"
	"fmt"

	"github.com/heddle-io/heddle/storage"
)

// filter removes from sel the rows of t that do not satisfy p, which was
// checked. And narrows: a later condition looks only at what earlier ones left,
// so those that leave little for their price come first.
func filter(t table, p storage.Predicate, sel bitmap) {
	if p != nil && !sel.empty() {
		ready := prepare(t, p)
		ready.filter(sel)
	}
}

// prepared is a predicate that is about to be evaluated on a table: what its
// conditions are on, and what is known before a row is read. Vectors are made
// once, because making them may need a dictionary.
type prepared struct {
	estimate
	op    operator
	parts []prepared // of and, or, not; those of and in the order in which to evaluate them
	on    vector     // of a condition
	cond  *condition
}

type operator uint8

const (
	opCondition operator = iota
	opAnd
	opOr
	opNot
)

func (p *prepared) filter(sel bitmap) {
	if sel.empty() {
		return
	}
	if p.kept == 0 {
		clear(sel)
		return
	}
	switch p.op {
	case opAnd:
		for i := range p.parts {
			p.parts[i].filter(sel)
		}
	case opOr:
		p.filterOr(sel)
	case opNot:
		out := sel.clone()
		p.parts[0].filter(out)
		sel.andNot(out)
	case opCondition:
		p.on.filter(sel, p.cond)
	}
}

// filterOr looks with each alternative at what no earlier one took. Most
// alternatives are one key in several scopes, of which a table has one.
func (p *prepared) filterOr(sel bitmap) {
	last := -1
	for i := range p.parts {
		if p.parts[i].kept > 0 {
			last = i
		}
	}
	if last < 0 {
		clear(sel)
		return
	}
	var out bitmap // what alternatives took
	for i := range p.parts[:last] {
		if p.parts[i].kept == 0 {
			continue
		}
		took := sel.clone()
		p.parts[i].filter(took)
		sel.andNot(took)
		if out == nil {
			out = took
		} else {
			out.or(took)
		}
	}
	p.parts[last].filter(sel)
	if out != nil {
		sel.or(out)
	}
}

// checkPredicate refuses what filter cannot evaluate exactly.
func checkPredicate(p storage.Predicate, checkKey func(storage.Key) error) error {
	switch p := p.(type) {
	case nil:
		return nil
	case storage.And:
		return checkAll(p, checkKey)
	case storage.Or:
		return checkAll(p, checkKey)
	case storage.Not:
		return checkPredicate(p.Of, checkKey)
	case storage.Exists:
		return checkKey(p.Key)
	case storage.Compare:
		if err := checkKey(p.Key); err != nil {
			return err
		}
		return checkCompare(p)
	}
	return fmt.Errorf("columnar: predicate %T: %w", p, errors.ErrUnsupported)
}

func checkAll(list []storage.Predicate, checkKey func(storage.Key) error) error {
	for _, p := range list {
		if err := checkPredicate(p, checkKey); err != nil {
			return err
		}
	}
	return nil
}

func checkCompare(c storage.Compare) error {
	switch {
	case c.Op > storage.NotMatch:
		return fmt.Errorf("columnar: comparison of %s has unknown operator %d: %w", c.Key, c.Op, errors.ErrUnsupported)
	case c.Op == storage.Match || c.Op == storage.NotMatch:
		if c.Regexp == nil {
			return fmt.Errorf("columnar: match of %s has no regular expression: %w", c.Key, errors.ErrUnsupported)
		}
	case c.AsText && c.Op != storage.Equal && c.Op != storage.NotEqual:
		return fmt.Errorf("columnar: text of %s has no order, only equality and matches: %w", c.Key, errors.ErrUnsupported)
	}
	return nil
}

func checkKeys(keys []storage.Key, checkKey func(storage.Key) error) error {
	for _, k := range keys {
		if err := checkKey(k); err != nil {
			return err
		}
	}
	return nil
}
