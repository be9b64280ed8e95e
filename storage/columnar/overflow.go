package columnar

// Overflow tells how much of what the store holds has no column of its own,
// because its table already had 1,000. Such attributes are found like all
// others, only slower. Keys that contain ids are the usual cause.
type Overflow struct {
	Keys   int // distinct keys, summed over tables and scopes
	Values uint64
}

// Overflow counts what is in overflow columns.
func (s *Store) Overflow() (sum Overflow) {
	s.mu.RLock()
	spans, logs := s.spans.view(), s.logs.view()
	s.mu.RUnlock()
	for _, t := range spans {
		sum.add(&t.table.attrs, &t.table.events.attrs, &t.table.links.attrs)
	}
	for _, t := range logs {
		sum.add(&t.table.attrs)
	}
	return sum
}

func (o *Overflow) add(lists ...*attrs) {
	for _, a := range lists {
		o.Keys += a.overflow.key.len()
		o.Values += uint64(len(a.overflow.keys))
	}
}
