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
	if p == nil || sel.empty() {
		return
	}
	switch p := p.(type) {
	case storage.And:
		for _, one := range cheapestFirst(t, p) {
			filter(t, one, sel)
		}
	case storage.Or:
		out := newBitmap(len(sel) * 64)
		for _, one := range p {
			left := sel.clone() // what no earlier alternative took
			left.andNot(out)
			filter(t, one, left)
			out.or(left)
		}
		copy(sel, out)
	case storage.Not:
		out := sel.clone()
		filter(t, p.Of, out)
		sel.andNot(out)
	case storage.Exists:
		t.vector(p.Key).filter(sel, existsCondition())
	case storage.Compare:
		t.vector(p.Key).filter(sel, compareCondition(p))
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
