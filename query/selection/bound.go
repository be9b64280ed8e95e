package selection

import (
	"context"

	"github.com/heddle-io/heddle/query/traceql"
	"github.com/heddle-io/heddle/storage"
)

// Exact returns the predicate that is true of exactly the selected spans in
// the window, if there is one that the store can evaluate. ok is false where
// only whole traces tell.
func (s *Search) Exact(ctx context.Context) (where storage.Predicate, ok bool, err error) {
	if err := s.bind(ctx); err != nil {
		return nil, false, err
	}
	return s.where, s.exact, nil
}

// bind finds out what the store can tell of the selection.
func (s *Search) bind(ctx context.Context) error {
	if s.bounded {
		return nil
	}
	s.where, s.exact = s.selection.Where, s.selection.Filter == nil
	if q := s.selection.Query; q != nil {
		where, exact, err := traceql.Bound(ctx, s.reader, s.Window, q)
		if err != nil {
			return err
		}
		s.where, s.exact = both(s.where, where), exact && s.selection.Filter == nil
	}
	s.bounded = true
	return nil
}

func both(a, b storage.Predicate) storage.Predicate {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return storage.And{a, b}
}
