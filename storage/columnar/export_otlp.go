package columnar

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage"
)

// A line has at most lineRows rows, and where they take more than lineBytes,
// fewer: readers of such files cut or refuse what is longer than a megabyte.
const (
	lineRows  = 256
	lineBytes = 512 << 10
)

// ExportOTLPJSON writes rows as lines of OTLP JSON, each an
// ExportTraceServiceRequest or ExportLogsServiceRequest, as the OpenTelemetry
// Collector's file exporter writes them and its otlpjsonfile receiver reads them.
// A line is shorter than a megabyte unless a single row is longer. Rows come in
// the order in which they are stored: by arrival in parts, and by trace in these.
//
// Memory is bounded by one decoded row group.
func (x *Inspection) ExportOTLPJSON(ctx context.Context, w io.Writer, o ExportOptions) (ExportResult, error) {
	j, err := x.newExport(ctx, o)
	if err != nil {
		return ExportResult{}, err
	}
	out := bufio.NewWriterSize(w, 256<<10)
	err = j.eachPart(ctx, func(p *livePart, f *partFile) error {
		before := j.result.Rows
		if err := j.writeLines(ctx, out, p, f); err != nil {
			return err
		}
		if j.result.Rows > before {
			j.result.Parts++
		}
		return nil
	})
	if err == nil {
		err = out.Flush()
	}
	return j.result, errors.Join(err, j.close())
}

func (j *exportJob) writeLines(ctx context.Context, w io.Writer, p *livePart, f *partFile) error {
	for group, info := range f.file.RowGroups() {
		if err := ctx.Err(); err != nil {
			return err
		}
		var err error
		if j.o.Signal == storage.SignalSpans {
			err = j.spanLines(w, p, f.spanRows(group))
		} else {
			err = j.logLines(w, p, f.logRows(group))
		}
		if err != nil {
			return err
		}
		j.advance(int64(p.Bytes) * int64(info.Rows) / int64(p.Rows))
	}
	return nil
}

func (j *exportJob) spanLines(w io.Writer, p *livePart, t *spanRows) error {
	hidden, err := hideRows[spanSource](j, p, t.number, t, true)
	if err != nil {
		return err
	}
	shown := shownRows(hidden, t.n)
	if len(shown) == 0 {
		return nil
	}
	table := t.load(t.all())
	if err := t.err(); err != nil {
		return err
	}
	j.result.Rows += uint64(len(shown))
	return lines(w, shown, func(rows []uint32) ([]byte, error) {
		td, err := table.spans(rows).ToPdata(upTo[int](len(rows)))
		if err != nil {
			return nil, fmt.Errorf("columnar: part %s: %w", p.ID, err)
		}
		return (&ptrace.JSONMarshaler{}).MarshalTraces(td)
	})
}

func (j *exportJob) logLines(w io.Writer, p *livePart, t *logRows) error {
	hidden, err := hideRows[logSource](j, p, t.number, t, true)
	if err != nil {
		return err
	}
	shown := shownRows(hidden, t.n)
	if len(shown) == 0 {
		return nil
	}
	table := t.load(t.all())
	if err := t.err(); err != nil {
		return err
	}
	j.result.Rows += uint64(len(shown))
	return lines(w, shown, func(rows []uint32) ([]byte, error) {
		ld, err := table.records(rows).ToPdata(upTo[int](len(rows)))
		if err != nil {
			return nil, fmt.Errorf("columnar: part %s: %w", p.ID, err)
		}
		return (&plog.JSONMarshaler{}).MarshalLogs(ld)
	})
}

// lines writes rows, encoded by encode, as lines of bearable length.
func lines(w io.Writer, rows []uint32, encode func(rows []uint32) ([]byte, error)) error {
	for len(rows) > lineRows {
		if err := lines(w, rows[:lineRows], encode); err != nil {
			return err
		}
		rows = rows[lineRows:]
	}
	b, err := encode(rows)
	if err != nil {
		return err
	}
	if len(b) > lineBytes && len(rows) > 1 {
		half := len(rows) / 2
		return errors.Join(lines(w, rows[:half], encode), lines(w, rows[half:], encode))
	}
	_, err = w.Write(append(b, '\n'))
	return err
}

// upTo lists the numbers below n.
func upTo[T int | uint32](n int) []T {
	list := make([]T, n)
	for i := range list {
		list[i] = T(i)
	}
	return list
}
