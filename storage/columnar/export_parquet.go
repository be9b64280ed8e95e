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
	if err := j.plan(ctx, func(part *livePart, f *partFile) (rows int, err error) {
		for group := range f.file.RowGroups() {
			t := f.spanRows(group)
			hidden, err := hideRows[spanSource](j, part, group, t, false)
			if err != nil {
				return 0, err
			}
			shown := shownRows(hidden, t.n)
			if len(shown) == 0 {
				continue
			}
			rows += len(shown)
			fixed := &f.fixed
			p.addKinds(t.usedKeys(&f.attrs, fixed.shape, shown), t.usedKeysOf(&f.events, fixed.eventShape, fixed.eventTime, hidden), t.usedKeysOf(&f.links, fixed.linkShape, fixed.linkTrace, hidden))
			addUsedOrigins(&p.origins, t.rowGroup, shown)
			if err := t.err(); err != nil {
				return 0, err
			}
		}
		return rows, nil
	}); err != nil {
		return err
	}
	p.define()
	out := parquet.NewWriter(w, p.schema.parquet(), parquet.Options{Level: levelMerge})
	err := j.batches(ctx, func(parts []*livePart, files []*partFile) error {
		at := 0
		merge, err := newSpanMerge(ctx, files, j.o.groupRows, func(part int, rows *spanRows) (bitmap, error) {
			j.advanceGroup(parts, &at, part, rows.rowGroup)
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
	return out.Close(p.meta())
}

func (j *exportJob) parquetLogs(ctx context.Context, w io.Writer) error {
	p := newLogPart()
	if err := j.plan(ctx, func(part *livePart, f *partFile) (rows int, err error) {
		for group := range f.file.RowGroups() {
			t := f.logRows(group)
			hidden, err := hideRows[logSource](j, part, group, t, false)
			if err != nil {
				return 0, err
			}
			shown := shownRows(hidden, t.n)
			if len(shown) == 0 {
				continue
			}
			rows += len(shown)
			p.addKinds(t.usedKeys(&f.attrs, f.fixed.shape, shown), f.body.keys)
			addUsedOrigins(&p.origins, t.rowGroup, shown)
			if err := t.err(); err != nil {
				return 0, err
			}
		}
		return rows, nil
	}); err != nil {
		return err
	}
	p.define()
	out := parquet.NewWriter(w, p.schema.parquet(), parquet.Options{Level: levelMerge})
	err := j.batches(ctx, func(parts []*livePart, files []*partFile) error {
		at := 0
		merge, err := newLogMerge(ctx, files, j.o.groupRows, func(part int, rows *logRows) (bitmap, error) {
			j.advanceGroup(parts, &at, part, rows.rowGroup)
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
	return out.Close(p.meta())
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
		defer func() { err = errors.Join(err, p.end()) }()
		if files[i], err = p.open(); err != nil {
			return j.explain(p, err)
		}
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
func (j *exportJob) advanceGroup(parts []*livePart, at *int, part int, g *rowGroup) {
	*at++
	j.advance(int64(parts[part].Bytes) * int64(g.n) / int64(2*parts[part].Rows))
}

// shownRows lists the rows that are not hidden.
func shownRows(hidden bitmap, n int) []uint32 {
	shown := fullBitmap(n)
	if hidden != nil {
		shown.andNot(hidden)
	}
	return shown.rows()
}

// usedKeys lists the columns of attributes that rows have.
func (g *rowGroup) usedKeys(l *listColumns, shape int, rows []uint32) []columnKey {
	shapes := g.checked(ints[uint32](g.column(shape), 0, g.n), l.shapes.len())
	used := make([]bool, l.shapes.len())
	for _, row := range rows {
		used[shapes[row]] = true
	}
	return l.keysOf(used)
}

// usedKeysOf is usedKeys for the events or links of the rows that are not
// hidden; id is any column of theirs that every one has.
func (g *rowGroup) usedKeysOf(l *listColumns, shape, id int, hidden bitmap) []columnKey {
	shapes := g.checked(ints[uint32](g.column(shape), 0, g.n), l.shapes.len())
	used := make([]bool, l.shapes.len())
	for i, owner := range g.owners(id, 0, g.n) {
		if hidden == nil || !hidden.has(int(owner)) {
			used[shapes[i]] = true
		}
	}
	return l.keysOf(used)
}

// keysOf lists the columns that some shapes have.
func (l *listColumns) keysOf(used []bool) (keys []columnKey) {
	columns := make([]bool, len(l.keys))
	for shape, yes := range used {
		if !yes {
			continue
		}
		for _, id := range l.shapes.at(uint32(shape)) {
			if id != overflowID {
				columns[id] = true
			}
		}
	}
	for i, yes := range columns {
		if yes {
			keys = append(keys, l.keys[i])
		}
	}
	return keys
}

// addUsedOrigins adds where rows come from, and nothing of the others: a file
// of one service must not tell of the rest.
func addUsedOrigins(b *originsBuilder, g *rowGroup, rows []uint32) {
	codes := g.originCodes()
	used := make([]bool, len(g.part.origins.pairs))
	for _, row := range rows {
		used[codes[row]] = true
	}
	for i, yes := range used {
		if pair := g.part.origins.pairs[i]; yes {
			b.addEntities(g.part.origins.resources[pair.resource], g.part.origins.scopes[pair.scope])
		}
	}
}
