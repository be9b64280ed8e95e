package catalog

import (
	"cmp"
	"slices"
)

// candidate is a thing that wants one of a bounded number of places.
type candidate struct {
	name  string
	hour  uint32
	count uint64
	known bool   // it has a place
	key   []byte // of its record
	value []byte // what to write there; of a known one not looked at
}

// admit gives places to fresh candidates. While there are fewer things than
// most, everyone gets one. Beyond that the weakest lose: seen longest ago, then
// rarest, then those without a place. It returns how many lost.
func (t *transaction) admit(fresh []candidate, used *int, most int, known func() ([]candidate, error)) (lost uint64, err error) {
	if excess := *used + len(fresh) - most; excess > 0 {
		all, err := known()
		if err != nil {
			return 0, err
		}
		all = append(all, fresh...)
		slices.SortFunc(all, weakestFirst)
		excess = min(excess, len(all))
		fresh = fresh[:0]
		for _, c := range all[excess:] {
			if !c.known {
				fresh = append(fresh, c)
			}
		}
		for _, c := range all[:excess] {
			lost++
			if !c.known {
				continue
			}
			*used--
			if err := t.delete(c.key); err != nil {
				return lost, err
			}
		}
	}
	for _, c := range fresh {
		if err := t.set(c.key, c.value); err != nil {
			return lost, err
		}
		*used++
	}
	return lost, nil
}

func weakestFirst(a, b candidate) int {
	if c := cmp.Or(cmp.Compare(a.hour, b.hour), cmp.Compare(a.count, b.count)); c != 0 {
		return c
	}
	if a.known != b.known {
		if b.known {
			return -1
		}
		return 1
	}
	return cmp.Compare(a.name, b.name)
}
