package columnar

import (
	"math/bits"
	"strings"

	"github.com/heddle-io/heddle/storage"
)

// tally counts the values of some rows of a row group by groups.
type tally struct {
	rows   runs
	groups []uint32 // parallel to the rows
	n      int      // of groups
	add    func(v storage.Value, group int, spans uint64)

	counts   []uint32                         // memory of dense
	totals   []uint32                         // rows by group
	counted  bool                             // origins are
	origins  []originCount                    // of the rows
	numbers  []uint32                         // scratch: of the values of origins
	overflow map[*groupColumn]map[string]bool // see inOverflow
}

// tallied is a vector that counts its values itself; false: it cannot, and has
// not called add.
type tallied interface{ tally(t *tally) bool }

// begin prepares for rows in groups.
func (t *tally) begin(rows runs, groups []uint32, n int) {
	t.rows, t.groups, t.n = rows, groups, n
	t.counted, t.overflow = false, nil
	t.totals = resize(t.totals, n)
	clear(t.totals)
	for _, g := range groups {
		t.totals[g]++
	}
}

// mostDense is the most counters for the values of a column, 16 MB. Their number
// must not be far above that of rows either: they are cleared and looked
// through.
const mostDense = 1 << 22

// dense returns counters for a number of values, n each, all zero; nil: they
// would be too many.
func (t *tally) dense(values int) []uint32 {
	size := values * t.n
	if size > min(max(1<<16, 16*len(t.groups)), mostDense) {
		return nil
	}
	t.counts = resize(t.counts, size)
	clear(t.counts)
	return t.counts
}

// emit calls add with the counters of dense that are not zero.
func (t *tally) emit(counts []uint32, value func(i uint64) storage.Value) {
	for from := 0; from < len(counts); from += t.n {
		var v storage.Value
		known := false
		for g, spans := range counts[from : from+t.n] {
			if spans == 0 {
				continue
			}
			if !known {
				known, v = true, value(uint64(from/t.n))
			}
			t.add(v, g, uint64(spans))
		}
	}
}

// eachValue calls f with every value that the rows have in a column, by its
// number in a page, and the group of its row.
func (t *tally) eachValue(c *groupColumn, f func(p *decodedPage, value int, group uint32)) {
	at := 0
	c.stream(t.rows, func(p *decodedPage, from, to int) {
		groups := t.groups[at : at+to-from]
		at += to - from
		if p.Present == nil {
			for i, g := range groups[:max(min(to, p.Len)-from, 0)] {
				f(p, from+i, g)
			}
			return
		}
		value := p.before(from)
		p.eachPresent(from, to, func(place int) {
			if value < p.Len {
				f(p, value, groups[place-from])
			}
			value++
		})
	})
}

// countCodes adds the rows to counters by code and group.
func (t *tally) countCodes(c *groupColumn, counts []uint32) {
	n, at := uint32(t.n), 0
	c.stream(t.rows, func(p *decodedPage, from, to int) {
		groups := t.groups[at : at+to-from]
		at += to - from
		if p.Present == nil {
			codes := p.Codes[min(from, len(p.Codes)):min(to, len(p.Codes))]
			for i, g := range groups[:len(codes)] {
				counts[codes[i]*n+g]++
			}
			return
		}
		codes := p.Codes[min(p.before(from), len(p.Codes)):]
		to = min(to, p.Places)
		for w := from >> 6; w<<6 < to; w++ {
			word := p.Present[w]
			if w == from>>6 {
				word &= ^uint64(0) << (from & 63)
			}
			if w == to>>6 {
				word &= 1<<(to&63) - 1
			}
			for ; word != 0 && len(codes) > 0; word &= word - 1 {
				place := w<<6 + bits.TrailingZeros64(word)
				counts[codes[0]*n+groups[place-from]]++
				codes = codes[1:]
			}
		}
	})
}

func (v *columnVector) tally(t *tally) bool {
	c := v.c
	switch {
	case c.list():
		return false
	case c.chunk.Nulls() == c.chunk.Places():
		return true
	case v.typ != storage.TypeEmpty && c.dictionary():
		v.tallyCodes(t)
		return true
	}
	switch v.typ {
	case storage.TypeEmpty:
		t.eachValue(c, func(_ *decodedPage, _ int, group uint32) { t.add(storage.Empty(), int(group), 1) })
	case storage.TypeBool:
		t.countNumbers(c, t.dense(2), func(n uint64) storage.Value { return storage.Bool(n != 0) })
	case storage.TypeInt:
		t.countNumbers(c, t.dense(smallInts), func(n uint64) storage.Value { return storage.Int(int64(n)) })
	case storage.TypeFloat:
		t.countNumbers(c, nil, floatOf)
	default:
		t.eachValue(c, func(p *decodedPage, value int, group uint32) {
			t.add(textValue(v.typ, p.text.at(uint32(value))), int(group), 1)
		})
	}
	return true
}

// countNumbers adds the rows to counters by number and group, and tells those with
// a number that has none one by one; then it tells the counters.
func (t *tally) countNumbers(c *groupColumn, counts []uint32, value func(n uint64) storage.Value) {
	n, at := t.n, 0
	below := uint64(len(counts) / n)
	c.stream(t.rows, func(p *decodedPage, from, to int) {
		groups := t.groups[at : at+to-from]
		at += to - from
		if p.Present == nil {
			nums := p.Nums[min(from, len(p.Nums)):min(to, len(p.Nums))]
			for i, num := range nums {
				if num < below {
					counts[int(num)*n+int(groups[i])]++
				} else {
					t.add(value(num), int(groups[i]), 1)
				}
			}
			return
		}
		nums := p.Nums[min(p.before(from), len(p.Nums)):]
		p.eachPresent(from, min(to, p.Places), func(place int) {
			if len(nums) == 0 {
				return
			}
			num, group := nums[0], groups[place-from]
			if nums = nums[1:]; num < below {
				counts[int(num)*n+int(group)]++
			} else {
				t.add(value(num), int(group), 1)
			}
		})
	})
	t.emit(counts, value)
}

// tallyCodes is tally of a column with a dictionary.
func (v *columnVector) tallyCodes(t *tally) {
	c := v.c
	if c.g.failed != nil {
		return
	}
	if c.constant() {
		t.emit(t.totals, v.entry)
		return
	}
	if counts := t.dense(c.entries()); counts != nil {
		t.countCodes(c, counts)
		t.emit(counts, v.entry)
		return
	}
	t.eachValue(c, func(p *decodedPage, value int, group uint32) { t.add(v.entry(uint64(p.Codes[value])), int(group), 1) })
}

// entry is the value that a code of the dictionary stands for.
func (v *columnVector) entry(code uint64) storage.Value {
	switch v.typ {
	case storage.TypeInt:
		return storage.Int(int64(v.c.nums[code]))
	case storage.TypeFloat:
		return floatOf(v.c.nums[code])
	case storage.TypeBool:
		return storage.Bool(v.c.nums[code] != 0)
	}
	return textValue(v.typ, v.c.dict.at(uint32(code)))
}

func (v *keyVector) tally(t *tally) bool {
	if v.overflow != nil && t.inOverflow(v.overflow)[v.key] {
		return false // whether a value is the first of its row must be known
	}
	for i := range v.columns {
		if v.columns[i].c.list() {
			return false
		}
	}
	for i := range v.columns {
		v.columns[i].tally(t)
	}
	return true
}

// inOverflow returns the keys that the rows have in a column of further values.
func (t *tally) inOverflow(c *groupColumn) map[string]bool {
	keys, ok := t.overflow[c]
	if ok {
		return keys
	}
	keys = map[string]bool{}
	t.eachValue(c, func(p *decodedPage, value int, _ uint32) {
		c.g.fail(storage.EachKeyValue(c.textOf(p, uint32(value)), func(key string, _ storage.Value) {
			if !keys[key] {
				keys[strings.Clone(key)] = true
			}
		}))
	})
	if t.overflow == nil {
		t.overflow = map[*groupColumn]map[string]bool{}
	}
	t.overflow[c] = keys
	return keys
}

// originCount is how many rows of a group come from an origin.
type originCount struct {
	origin, group uint32
	spans         uint64
}

// ofOrigins counts the rows by origin, once for all keys; false: there would be
// too many counters.
func (t *tally) ofOrigins(c *groupColumn, origins int) ([]originCount, bool) {
	if t.counted {
		return t.origins, true
	}
	n, size := t.n, origins
	if c.dictionary() {
		size = c.entries()
	}
	counts := t.dense(size)
	if counts == nil {
		return nil, false
	}
	if c.dictionary() {
		t.countCodes(c, counts)
	} else {
		t.eachValue(c, func(p *decodedPage, value int, group uint32) {
			if origin := p.Nums[value]; origin < uint64(origins) {
				counts[int(origin)*n+int(group)]++
			} else {
				c.g.fail(errPart)
			}
		})
	}
	t.counted, t.origins = true, t.origins[:0]
	for i, spans := range counts {
		if spans == 0 {
			continue
		}
		origin := uint64(i / n)
		if c.dictionary() {
			if origin = c.nums[origin]; origin >= uint64(origins) {
				c.g.fail(errPart)
				continue
			}
		}
		t.origins = append(t.origins, originCount{uint32(origin), uint32(i % n), uint64(spans)})
	}
	return t.origins, true
}

func (v *originVector) tally(t *tally) bool {
	list, ok := t.ofOrigins(v.c, len(v.pairs))
	if !ok {
		return false
	}
	// Many resources have the same value: they are told once.
	t.numbers = resize(t.numbers, len(v.values))
	clear(t.numbers)
	numbers := map[storage.Value]uint32{}
	var values []storage.Value
	number := func(origin uint32) uint32 { // from 1; 0: absent
		at := v.index(v.pairs[origin])
		value := v.values[at]
		if t.numbers[at] == 0 && value.Type() != storage.TypeAbsent {
			n, ok := numbers[value]
			if !ok {
				values = append(values, value)
				n = uint32(len(values))
				numbers[value] = n
			}
			t.numbers[at] = n
		}
		return t.numbers[at]
	}
	for _, o := range list {
		number(o.origin)
	}
	counts := t.dense(len(values))
	for _, o := range list {
		switch at := number(o.origin); {
		case at == 0:
		case counts == nil:
			t.add(values[at-1], int(o.group), o.spans)
		default:
			counts[int(at-1)*t.n+int(o.group)] += uint32(o.spans)
		}
	}
	t.emit(counts, func(i uint64) storage.Value { return values[i] })
	return true
}
