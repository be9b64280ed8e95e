// Package otlptest makes OTLP requests for tests: random ones, the same request
// in other orders of fields, and requests that are damaged or unusual in ways
// that the protobuf encoding allows.
package otlptest

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// message says which length-delimited fields of a message are messages.
type message map[uint64]message

var (
	anyValue = message{5: {}, 6: {}}
	keyValue = message{2: anyValue}
	resource = message{1: keyValue, 3: {}}
	scope    = message{3: keyValue}
	span     = message{9: keyValue, 11: {3: keyValue}, 13: {4: keyValue}, 15: {}}
	record   = message{5: anyValue, 6: keyValue}

	scopeSpans    = message{1: scope, 2: span}
	resourceSpans = message{1: resource, 2: scopeSpans, 1000: scopeSpans}
	spansRequest  = message{1: resourceSpans}

	scopeLogs    = message{1: scope, 2: record}
	resourceLogs = message{1: resource, 2: scopeLogs, 1000: scopeLogs}
	logsRequest  = message{1: resourceLogs}
)

func init() {
	anyValue[5][1] = anyValue
	anyValue[6][1] = keyValue
}

// Ascending returns the request of spans with the fields of every message in
// ascending order, as SDKs write them. It must not be damaged.
func Ascending(request []byte) []byte { return rewrite(request, spansRequest, ascending) }

// AscendingLogs does the same with a request of log records.
func AscendingLogs(request []byte) []byte { return rewrite(request, logsRequest, ascending) }

func ascending(list []field) []field {
	slices.SortStableFunc(list, func(a, b field) int { return cmp.Compare(a.tag>>3, b.tag>>3) })
	return list
}

// field is a field of a message: its tag and what follows that. What is
// length-delimited comes without its length.
type field struct {
	tag  uint64
	data []byte
}

// rewrite applies change to the fields of a message and all messages in it,
// the inner ones first.
func rewrite(b []byte, m message, change func([]field) []field) []byte {
	var list []field
	for len(b) > 0 {
		tag, n := binary.Uvarint(b)
		b = b[n:]
		switch tag & 7 {
		case 0:
			_, n = binary.Uvarint(b)
		case 1:
			n = 8
		case 5:
			n = 4
		case 2:
			size, from := binary.Uvarint(b)
			b, n = b[from:], int(size)
		}
		f := field{tag, b[:n:n]}
		b = b[n:]
		if inner, ok := m[tag>>3]; ok && tag&7 == 2 {
			f.data = rewrite(f.data, inner, change)
		}
		list = append(list, f)
	}
	var to []byte
	for _, f := range change(list) {
		to = binary.AppendUvarint(to, f.tag)
		if f.tag&7 == 2 {
			to = binary.AppendUvarint(to, uint64(len(f.data)))
		}
		to = append(to, f.data...)
	}
	return to
}
