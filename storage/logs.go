package storage

import (
	"context"
	"iter"
)

// LogReader answers questions about stored log records, with the obligations
// of SpanReader. Windows select records by their time; a record without one
// has the time at which it was observed.
type LogReader interface {
	// ScanLogs returns the records in the window that satisfy the predicate,
	// with the projected columns, under the rules of SpanReader.Scan. Records
	// belong to the consumer.
	ScanLogs(ctx context.Context, q LogScan) iter.Seq2[*LogBatch, error]
	// AggregateLogs groups records as SpanReader.Aggregate groups spans.
	AggregateLogs(ctx context.Context, q Aggregation) ([]Group, error)
	// LogKeys lists the attribute keys of records in the window.
	LogKeys(ctx context.Context, w Window) ([]KeyInfo, error)
	// LogValues lists the distinct values of a key.
	LogValues(ctx context.Context, q ValuesQuery) (Values, error)
}

// LogScan describes a scan over log records; see Scan. With WholeRecords every
// batch carries all attributes of its rows in Records.
type LogScan struct {
	Window       Window
	Where        Predicate
	Columns      []Key
	WholeRecords bool
}

// LogBatch is one step of a ScanLogs, in columns.
type LogBatch struct {
	TimesNs []int64
	Columns []Column // parallel to LogScan.Columns
	Records *Logs    // row i describes the same record; nil unless asked for

	NewestLeftNs int64 // as in Batch
	Scanned      int   // as in Batch
}

// Len is the number of rows.
func (b *LogBatch) Len() int { return len(b.TimesNs) }

// Logs holds whole log records in columns, with the tables of Spans.
type Logs struct {
	TimesNs       []int64 // of the record; where it has none, that of its observation
	ObservedNs    []int64
	TraceIDs      []TraceID
	SpanIDs       []SpanID
	Severities    []uint8 // OTLP SeverityNumber; 0 where it was sent as no byte
	SeverityTexts []uint32
	EventNames    []uint32
	Bodies        []Value
	Flags         []uint32
	Resources     []uint32
	Scopes        []uint32
	Attributes    []Range
	DroppedAttrs  []uint32

	Attrs         []Attr
	ResourceTable []Resource
	ScopeTable    []InstrumentationScope
	Strings       []string // Strings[0] is ""
}

// Len is the number of records.
func (l *Logs) Len() int { return len(l.TimesNs) }

// List returns the attributes of a range. The caller must not change it.
func (l *Logs) List(r Range) []Attr { return l.Attrs[r.From:r.To:r.To] }

// Value returns the value of an attribute.
func (l *Logs) Value(a Attr) Value { return makeValue(a.Type, a.Bits, l.Strings) }
