package demo

import (
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"
)

// Spans are written as protobuf directly: at tens of thousands a second the
// generated message types would cost a dozen allocations for every attribute.
// The tests read what is written here with those types. Field numbers are
// those of opentelemetry-proto.

const (
	kindInternal = 1
	kindServer   = 2
	kindClient   = 3
	kindProducer = 4
	kindConsumer = 5

	statusError = 2

	flagsSampled = 0x101 // sampled; whether the parent is remote is known
)

type text interface{ ~string | ~[]byte }

// appendText appends a length-delimited field.
func appendText[T text](b []byte, field protowire.Number, v T) []byte {
	b = protowire.AppendTag(b, field, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(len(v)))
	return append(b, v...)
}

func appendUint(b []byte, field protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), v)
}

func appendFixed64(b []byte, field protowire.Number, v uint64) []byte {
	return protowire.AppendFixed64(protowire.AppendTag(b, field, protowire.Fixed64Type), v)
}

// textSize is the size of a length-delimited field with a number below 16.
func textSize(n int) int { return 1 + protowire.SizeBytes(n) }

// appendAttr appends a string attribute as the given field.
func appendAttr[T text](b []byte, field protowire.Number, key string, v T) []byte {
	value := textSize(len(v))
	b = protowire.AppendTag(b, field, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(textSize(len(key))+textSize(value)))
	b = appendText(b, 1, key)
	b = protowire.AppendVarint(protowire.AppendTag(b, 2, protowire.BytesType), uint64(value))
	return appendText(b, 1, v)
}

// appendVarintAttr appends an integer (value field 3) or bool (2) attribute.
func appendVarintAttr(b []byte, field protowire.Number, key string, valueField protowire.Number, v uint64) []byte {
	value := 1 + protowire.SizeVarint(v)
	b = protowire.AppendTag(b, field, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(textSize(len(key))+textSize(value)))
	b = appendText(b, 1, key)
	b = protowire.AppendVarint(protowire.AppendTag(b, 2, protowire.BytesType), uint64(value))
	return appendUint(b, valueField, v)
}

// spanWriter builds one span at a time in a buffer that it keeps.
type spanWriter struct {
	b       []byte
	scratch []byte
	digits  [20]byte
}

// begin starts a span. A zero parent makes it a root.
func (w *spanWriter) begin(traceID *[16]byte, id, parent spanID, kind uint64, name string, start, end int64) {
	b := appendText(w.b[:0], 1, traceID[:])
	b = appendText(b, 2, id[:])
	if parent != (spanID{}) {
		b = appendText(b, 4, parent[:])
	}
	b = appendText(b, 5, name)
	b = appendUint(b, 6, kind)
	b = appendFixed64(b, 7, uint64(start))
	b = appendFixed64(b, 8, uint64(end))
	w.b = protowire.AppendFixed32(protowire.AppendTag(b, 16, protowire.Fixed32Type), flagsSampled)
}

func (w *spanWriter) str(key, v string)     { w.b = appendAttr(w.b, 9, key, v) }
func (w *spanWriter) num(key string, v int) { w.b = appendVarintAttr(w.b, 9, key, 3, uint64(v)) }
func (w *spanWriter) flag(key string, v bool) {
	w.b = appendVarintAttr(w.b, 9, key, 2, protowire.EncodeBool(v))
}

// numText writes a number as text, as proxies do.
func (w *spanWriter) numText(key string, v int) {
	w.b = appendAttr(w.b, 9, key, strconv.AppendInt(w.digits[:0], int64(v), 10))
}

// join writes a string that is put together from parts.
func (w *spanWriter) join(key string, parts ...string) {
	w.scratch = w.scratch[:0]
	for _, p := range parts {
		w.scratch = append(w.scratch, p...)
	}
	w.b = appendAttr(w.b, 9, key, w.scratch)
}

// list writes an array of one string, the type of captured headers.
func (w *spanWriter) list(key, v string) {
	value := textSize(textSize(len(v))) // the one element of the ArrayValue
	array := textSize(value)
	b := protowire.AppendTag(w.b, 9, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(textSize(len(key))+textSize(array)))
	b = appendText(b, 1, key)
	b = protowire.AppendVarint(protowire.AppendTag(b, 2, protowire.BytesType), uint64(array))
	b = protowire.AppendVarint(protowire.AppendTag(b, 5, protowire.BytesType), uint64(value))
	b = protowire.AppendVarint(protowire.AppendTag(b, 1, protowire.BytesType), uint64(textSize(len(v))))
	w.b = appendText(b, 1, v)
}

// event adds an event with string attributes, given as key, value, ...
func (w *spanWriter) event(at int64, name string, attrs ...string) {
	b := appendText(appendFixed64(w.scratch[:0], 1, uint64(at)), 2, name)
	for i := 0; i+1 < len(attrs); i += 2 {
		b = appendAttr(b, 3, attrs[i], attrs[i+1])
	}
	w.scratch = b
	w.b = appendText(w.b, 11, b)
}

func (w *spanWriter) link(l link) {
	b := appendText(appendText(w.scratch[:0], 1, l.trace[:]), 2, l.span[:])
	b = protowire.AppendFixed32(protowire.AppendTag(b, 6, protowire.Fixed32Type), flagsSampled)
	w.scratch = b
	w.b = appendText(w.b, 13, b)
}

func (w *spanWriter) fail(message string) {
	b := w.scratch[:0]
	if message != "" {
		b = appendText(b, 2, message)
	}
	w.scratch = appendUint(b, 3, statusError)
	w.b = appendText(w.b, 15, w.scratch)
}
