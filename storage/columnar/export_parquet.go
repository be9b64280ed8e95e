package columnar

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar/parquet"
)

// ExportParquet writes rows as one Parquet file with the columns of a part,
// which any Parquet reader opens. Parts are merged some at a time, so that each
// trace is mostly in one row group, among others of the same time. Every row
// that is stored is written, also one that is identical with another.
//
// It goes over the parts twice, because the columns of the file must be known
// before its first row. Memory is bounded by the traces of some parts, a few
// decoded row groups, and the distinct resources of everything that is exported.
// A file without rows is valid.
func (x *Inspection) ExportParquet(ctx context.Context, w io.Writer, o ExportOptions) (ExportResult, error) {
	j, err := x.newExport(ctx, o)
	if err != nil {
		return ExportResult{}, err
	}
	if j.o.Signal == storage.SignalSpans {
		err = j.parquetSpans(ctx, w)
	} else {
		err = j.parquetLogs(ctx, w)
	}
	return j.result, errors.Join(err, j.close())
}

func (j *exportJob) parquetSpans(ctx context.Context, w io.Writer) error {
	p := newSpanPart()
	var pages pageSizer
	if err := j.plan(ctx, func(part *livePart, f *partFile) (rows int, err error) {
		pages.add(f)
		for group := range f.file.RowGroups() {
			t := f.spanRows(group)
			hidden, err := hideRows[spanSource](j, part, group, t, false)
			if err != nil {
				return 0, err
			}
			rows += p.addShown(t, hidden)
			if err := errors.Join(t.err(), pages.addChildren(f, group)); err != nil {
				return 0, err
			}
		}
		return rows, nil
	}); err != nil {
		return err
	}
	p.define()
	// heddle finds parents by their distance; others look for the id.
	p.schema.add(parquet.Column{Name: "parent_span_id", Kind: parquet.Fixed, Length: 8, Optional: true}, func(g *arrangedSpans) parquet.Values { return idValuesPresent(g.parents) })
	out := newPartWriter(w, p.schema.parquet(), pages.options())
	err := j.batches(ctx, func(parts []*livePart, files []*partFile) error {
		merge, err := newSpanMerge(ctx, files, j.o.groupRows, func(part int, rows *spanRows) (bitmap, error) {
			j.advanceGroup(parts[part], rows.n)
			return hideRows[spanSource](j, parts[part], rows.number, rows, true)
		})
		if err != nil {
			return err
		}
		merge.keepTwins = true
		groups, _, err := merge.groups()
		if err != nil {
			return err
		}
		for i := range groups {
			if err := ctx.Err(); err != nil {
				return err
			}
			sources, a, err := merge.arrange(&groups[i])
			if err != nil {
				return err
			}
			if err := writeGroup(out, &p.schema, a.n, p.group(sources, a)); err != nil {
				return err
			}
			j.result.Rows += uint64(a.n)
		}
		return nil
	})
	if err != nil {
		return err
	}
	meta, err := p.meta()
	if err != nil && !errors.Is(err, errLargeMeta) { // heddle need not read it
		return err
	}
	return out.Close(meta)
}

func (j *exportJob) parquetLogs(ctx context.Context, w io.Writer) error {
	p := newLogPart()
	var pages pageSizer
	if err := j.plan(ctx, func(part *livePart, f *partFile) (rows int, err error) {
		pages.add(f)
		for group := range f.file.RowGroups() {
			t := f.logRows(group)
			hidden, err := hideRows[logSource](j, part, group, t, false)
			if err != nil {
				return 0, err
			}
			rows += p.addShown(t, hidden)
			if err := t.err(); err != nil {
				return 0, err
			}
		}
		return rows, nil
	}); err != nil {
		return err
	}
	p.define()
	out := newPartWriter(w, p.schema.parquet(), pages.options())
	err := j.batches(ctx, func(parts []*livePart, files []*partFile) error {
		merge, err := newLogMerge(ctx, files, j.o.groupRows, func(part int, rows *logRows) (bitmap, error) {
			j.advanceGroup(parts[part], rows.n)
			return hideRows[logSource](j, parts[part], rows.number, rows, true)
		})
		if err != nil {
			return err
		}
		for _, group := range merge.groups() {
			if err := ctx.Err(); err != nil {
				return err
			}
			sources, a, err := merge.arrange(group)
			if err != nil {
				return err
			}
			if err := writeGroup(out, &p.schema, a.n, p.group(sources, a)); err != nil {
				return err
			}
			j.result.Rows += uint64(a.n)
		}
		return nil
	})
	if err != nil {
		return err
	}
	meta, err := p.meta()
	if err != nil && !errors.Is(err, errLargeMeta) { // heddle need not read it
		return err
	}
	return out.Close(meta)
}

// plan looks through the parts with use, which says how many rows of a part
// are exported, and keeps the parts that have any.
func (j *exportJob) plan(ctx context.Context, use func(p *livePart, f *partFile) (rows int, err error)) error {
	var kept []*livePart
	err := j.eachPart(ctx, func(p *livePart, f *partFile) error {
		rows, err := use(p, f)
		if rows > 0 {
			kept = append(kept, p)
		}
		return err
	})
	j.parts, j.total = kept, 0
	for _, p := range kept {
		j.total += int64(p.Bytes)
	}
	j.result.Parts = len(kept)
	return err
}

// batches calls f with some parts at a time, in the order of their arrival.
func (j *exportJob) batches(ctx context.Context, f func(parts []*livePart, files []*partFile) error) error {
	for from := 0; from < len(j.parts); {
		if err := ctx.Err(); err != nil {
			return err
		}
		to, rows := from, uint64(0)
		for to < len(j.parts) && to-from < maxMergeParts && (to == from || rows+j.parts[to].Rows <= uint64(j.o.batchRows)) {
			rows += j.parts[to].Rows
			to++
		}
		if err := j.batch(j.parts[from:to], f); err != nil {
			return err
		}
		from = to
	}
	return nil
}

func (j *exportJob) batch(parts []*livePart, f func(parts []*livePart, files []*partFile) error) (err error) {
	files := make([]*partFile, len(parts))
	bytes := int64(0)
	for i, p := range parts {
		file, done, failed := j.open(p)
		if failed != nil {
			return failed
		}
		defer func() { err = errors.Join(err, done()) }()
		files[i] = file
		bytes += int64(p.Bytes)
	}
	before := j.done
	if err := f(parts, files); err != nil {
		if damaged(err) {
			return fmt.Errorf("%w: verify tells where the damage is", err)
		}
		return err
	}
	j.advance(before + bytes - j.done)
	return nil
}

// advanceGroup counts a row group that a merge looks at for half of what its
// part takes; writing the rows is the other half.
func (j *exportJob) advanceGroup(p *livePart, rows int) {
	j.advance(int64(p.Bytes) * int64(rows) / int64(2*p.Rows))
}
