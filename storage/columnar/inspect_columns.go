package columnar

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar/manifest"
	"github.com/heddle-io/heddle/storage/columnar/parquet"
)

// ColumnStats add up a column over all parts of a signal.
type ColumnStats struct {
	Signal            string `json:"signal"`
	Column            string `json:"column"` // as Parquet readers name it; "events.name" is name in the list events
	Rows              uint64 `json:"rows"`   // of the parts, with a value or without
	Values            uint64 `json:"values"`
	Bytes             uint64 `json:"bytes"` // in the files
	UncompressedBytes uint64 `json:"uncompressed_bytes"`
	// Groups are the row groups that have values, Plain those of them in which
	// there was too much different text for a dictionary. Of numbers nothing is
	// known: they may be smaller without one.
	Groups int `json:"groups"`
	Plain  int `json:"groups_without_dictionary"`
}

// BytesPerRow spreads the column over all rows, with a value or without.
func (c ColumnStats) BytesPerRow() float64 {
	if c.Rows == 0 {
		return 0
	}
	return float64(c.Bytes) / float64(c.Rows)
}

// OverflowStats tell what has no column of its own, because its part had all
// the columns it may have: see Store.Overflow.
type OverflowStats struct {
	Signal string `json:"signal"`
	Rows   uint64 `json:"rows"`  // spans, events, links and log records that have such attributes
	Keys   int    `json:"keys"`  // at most in one part
	Bytes  uint64 `json:"bytes"` // in the files
}

// columnSum collects the columns of a signal.
type columnSum struct {
	signal   manifest.Signal
	rows     uint64
	byName   map[string]*ColumnStats
	overflow OverflowStats
}

// columnStats opens every part. Those that are damaged or gone meanwhile are
// left out, and told.
func (x *Inspection) columnStats(ctx context.Context, st *StoreStats, o StatsOptions) error {
	sums := map[manifest.Signal]*columnSum{}
	done, total := int64(0), int64(0)
	for _, p := range x.parts() {
		total += int64(p.Bytes)
	}
	for _, p := range x.parts() {
		if o.Progress != nil {
			o.Progress(done, total)
		}
		done += int64(p.Bytes)
		if err := ctx.Err(); err != nil {
			return err
		}
		s := sums[p.Signal]
		if s == nil {
			s = &columnSum{signal: p.Signal, byName: map[string]*ColumnStats{}, overflow: OverflowStats{Signal: p.Signal.String()}}
			sums[p.Signal] = s
		}
		live := x.livePart(p)
		err := s.addPart(live)
		err = errors.Join(err, live.end())
		switch {
		case errors.Is(err, fs.ErrNotExist) && x.running:
			x.note("parts that were merged meanwhile are missing in the columns")
		case errors.Is(err, fs.ErrNotExist), damaged(err):
			x.note("damaged parts are missing in the columns: verify tells more")
		case err != nil:
			return err
		}
	}
	for _, signal := range []manifest.Signal{manifest.Spans, manifest.Logs} {
		if s := sums[signal]; s != nil {
			s.finish(st, o.Columns)
		}
	}
	return nil
}

func (s *columnSum) addPart(p *livePart) error {
	f, err := p.open()
	if err != nil {
		return err
	}
	index, _, err := p.openIndex()
	if err != nil {
		return err
	}
	keys, err := index.Keys()
	if err != nil {
		return fmt.Errorf("columnar: index of part %s: %w", p.ID, err)
	}
	s.rows += p.Rows
	for id, column := range f.file.Columns() {
		name := column.Name
		if column.List != "" {
			name = column.List + "." + name
		}
		c := s.byName[name]
		if c == nil {
			c = &ColumnStats{Signal: s.signal.String(), Column: name}
			s.byName[name] = c
		}
		for group := range f.file.RowGroups() {
			c.addChunk(f.file.Chunk(group, id))
		}
	}
	known := map[storage.Key]bool{}
	for _, l := range []struct {
		scope storage.Scope
		keys  []columnKey
	}{{storage.ScopeSpan, f.attrs.keys}, {storage.ScopeLog, f.attrs.keys}, {storage.ScopeEvent, f.events.keys}, {storage.ScopeLink, f.links.keys}} {
		for _, k := range l.keys {
			known[storage.Key{Scope: l.scope, Name: k.key}] = true
		}
	}
	over := map[storage.Key]bool{}
	for _, k := range keys {
		key := storage.Key{Scope: k.Scope, Name: k.Name}
		switch k.Scope {
		case storage.ScopeSpan, storage.ScopeLog, storage.ScopeEvent, storage.ScopeLink:
			if !known[key] {
				over[key] = true
			}
		}
	}
	s.overflow.Keys = max(s.overflow.Keys, len(over))
	return nil
}

func (c *ColumnStats) addChunk(chunk *parquet.Chunk) {
	values := chunk.Places() - chunk.Nulls()
	c.Bytes += uint64(chunk.CompressedBytes())
	c.UncompressedBytes += uint64(chunk.UncompressedBytes())
	c.Values += uint64(values)
	if values == 0 {
		return
	}
	c.Groups++
	if !chunk.DictionaryEncoded() && values > parquet.DefaultDictEntries && chunk.Column().Kind == parquet.ByteArray {
		c.Plain++
	}
}

// finish sorts the columns and picks those worth telling.
func (s *columnSum) finish(st *StoreStats, most int) {
	var list, many []ColumnStats
	for name, c := range s.byName {
		c.Rows = s.rows
		switch name {
		case nameOverflow, listEvents + "." + nameOverflow, listLinks + "." + nameOverflow:
			if s.overflow.Rows += c.Values; c.Values > 0 {
				s.overflow.Bytes += c.Bytes
			}
		}
		list = append(list, *c)
		if attribute(name) && 2*c.Plain > c.Groups {
			many = append(many, *c)
		}
	}
	for _, l := range []*[]ColumnStats{&list, &many} {
		slices.SortFunc(*l, func(a, b ColumnStats) int {
			return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), strings.Compare(a.Column, b.Column))
		})
		*l = (*l)[:min(len(*l), most)]
	}
	st.Columns = append(st.Columns, list...)
	st.ManyValues = append(st.ManyValues, many...)
	if s.overflow.Rows > 0 {
		st.Overflow = append(st.Overflow, s.overflow)
	}
}

// attribute says whether a column has an attribute that people chose.
func attribute(name string) bool {
	for _, list := range []string{listEvents + ".", listLinks + "."} {
		name = strings.TrimPrefix(name, list)
	}
	for _, prefix := range []string{prefixSpan, prefixLog, prefixEvent, prefixLink, prefixResource, prefixScope} {
		if strings.HasPrefix(name, prefix) {
			return name != prefixScope+"name" && name != prefixScope+"version"
		}
	}
	return false
}
