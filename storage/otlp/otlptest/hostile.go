package otlptest

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
)

// Hostile returns a request of spans that means something else than the given
// one, or nothing: fields in random order, repeated, emptied, of unknown
// numbers, of wrong wire types, in groups, cut short. A mild one stays
// readable.
func Hostile(r *rand.Rand, request []byte, mild bool) []byte {
	return hostile(r, request, spansRequest, mild)
}

// HostileLogs does the same with a request of log records.
func HostileLogs(r *rand.Rand, request []byte, mild bool) []byte {
	return hostile(r, request, logsRequest, mild)
}

func hostile(r *rand.Rand, request []byte, m message, mild bool) []byte {
	// rarely damages one message in some hundred, so that much is read before.
	rarely := func() bool { return !mild && r.IntN(300) == 0 }
	b := rewrite(request, m, func(list []field) []field {
		if r.IntN(3) == 0 {
			r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		}
		if len(list) > 0 && r.IntN(4) == 0 {
			list = append(list, list[r.IntN(len(list))]) // again: merged, replaced or one more
		}
		if len(list) > 0 && r.IntN(12) == 0 {
			if f := &list[r.IntN(len(list))]; f.tag&7 == 2 {
				f.data = nil
			}
		}
		if r.IntN(12) == 0 {
			list = slices.Insert(list, r.IntN(len(list)+1), unknown(r))
		}
		if r.IntN(12) == 0 {
			list = slices.Insert(list, r.IntN(len(list)+1), field{30<<3 | 3, []byte{0xf8, 0x01, 1}}) // a group as pdata reads it
		}
		if len(list) > 0 && rarely() {
			list[r.IntN(len(list))].tag ^= uint64(1 + r.IntN(7))
		}
		if len(list) > 0 && rarely() {
			f := &list[r.IntN(len(list))]
			f.data = f.data[:r.IntN(len(f.data)+1)]
		}
		if rarely() {
			list = append(list, field{uint64(r.IntN(20))<<3 | 4, nil})
		}
		return list
	})
	if !mild && r.IntN(6) == 0 {
		b = b[:r.IntN(len(b)+1)]
	}
	if !mild && len(b) > 0 && r.IntN(6) == 0 {
		b[r.IntN(len(b))] = byte(r.Uint32())
	}
	return b
}

func unknown(r *rand.Rand) field {
	number := uint64(20 + r.IntN(2000))
	switch r.IntN(4) {
	case 0:
		return field{number << 3, binary.AppendUvarint(nil, r.Uint64())}
	case 1:
		return field{number<<3 | 1, make([]byte, 8)}
	case 2:
		return field{number<<3 | 5, make([]byte, 4)}
	}
	return field{number<<3 | 2, make([]byte, r.IntN(4))}
}
