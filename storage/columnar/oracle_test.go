package columnar

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	pq "github.com/parquet-go/parquet-go"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar/parquet"
	"github.com/heddle-io/heddle/storage/storagetest"
)

// Programs that know nothing of heddle read parts, and must find what the
// records have. What they must find is derived from the records in memory and
// from what DESIGN.md says about columns, not from the part.

// expected is what a column must have: per row a cell, or a list of cells. A
// cell is nil, or text: numbers in decimal, floats by their bits, text as it is,
// other bytes in hexadecimal.
type expected struct {
	parquet.Column
	rows []any
}

// expectedColumns says what every column of a part must have. each lists the
// attributes of row i in a scope, or of element k of it.
type expectedColumns struct {
	p       *partFile
	n       int
	columns []expected
}

func newExpected(p *partFile, n int) *expectedColumns {
	x := &expectedColumns{p: p, n: n}
	for _, c := range p.file.Columns() {
		x.columns = append(x.columns, expected{Column: c})
	}
	return x
}

// set fills the column with a name.
func (x *expectedColumns) set(t *testing.T, list, name string, cell func(row int) any) {
	t.Helper()
	id, ok := x.p.file.Column(list, name)
	if !ok {
		t.Fatalf("there is no column %q in list %q", name, list)
	}
	x.fill(id, cell)
}

func (x *expectedColumns) fill(id int, cell func(row int) any) {
	c := &x.columns[id]
	for row := range x.n {
		c.rows = append(c.rows, cell(row))
	}
}

// cellAttr is a key with a value.
type cellAttr struct {
	key   string
	value storage.Value
}

// setAttrs fills the attribute columns of a list kind. lists has the attributes
// of a row, or of every element of one.
func (x *expectedColumns) setAttrs(l *listColumns, lists func(row int) [][]cellAttr) {
	known := map[columnKey]bool{}
	for _, k := range l.keys {
		known[k] = true
	}
	over := make([][]string, x.n)
	cells := make([][][]any, len(l.keys))
	for i := range cells {
		cells[i] = make([][]any, x.n)
	}
	for row := range x.n {
		for _, list := range lists(row) {
			rest, values := "", make([]any, len(l.keys))
			seen := map[string]bool{}
			for _, a := range list {
				k := columnKey{a.key, a.value.Type()}
				if known[k] && !seen[a.key] {
					values[slices.Index(l.keys, k)] = valueCell(a.value)
				} else {
					rest = string(storage.AppendKeyValue([]byte(rest), a.key, a.value))
				}
				seen[a.key] = true
			}
			for i := range l.keys {
				cells[i][row] = append(cells[i][row], values[i])
			}
			over[row] = append(over[row], rest)
		}
	}
	cellOf := func(list []any) any {
		if l.list != "" {
			return append([]any{}, list...)
		}
		return list[0]
	}
	for i, id := range l.columns {
		x.fill(id, func(row int) any { return cellOf(cells[i][row]) })
	}
	x.fill(l.overflow, func(row int) any {
		var list []any
		for _, rest := range over[row] {
			if rest == "" {
				list = append(list, nil)
			} else {
				list = append(list, hexCell([]byte(rest)))
			}
		}
		return cellOf(list)
	})
}

// setEntities fills the columns of resources or scopes, which come in the order
// of their keys, and returns the number of the next column.
func (x *expectedColumns) setEntities(first int, prefix string, entities []*entity, of func(row int) *entity) int {
	for _, key := range entityKeys(entities) {
		if name := x.columns[first].Name; !strings.HasPrefix(name, columnName(prefix, key.key, key.typ)) {
			panic(fmt.Sprintf("column %q is not that of %v", name, key))
		}
		x.fill(first, func(row int) any {
			if v := of(row).lookup(key.key); v.Type() == key.typ {
				return valueCell(v)
			}
			return nil
		})
		first++
	}
	return first
}

func hexCell(b []byte) string { return strings.ToUpper(hex.EncodeToString(b)) }

func valueCell(v storage.Value) any {
	switch v.Type() {
	case storage.TypeString:
		return v.Str()
	case storage.TypeInt:
		return fmt.Sprint(v.Int())
	case storage.TypeFloat:
		return floatCell(v.Float())
	case storage.TypeBool:
		return fmt.Sprint(v.Bool())
	case storage.TypeEmpty:
		return "false"
	}
	return hexCell([]byte(v.Str()))
}

func floatCell(f float64) string {
	if math.IsNaN(f) {
		return "nan"
	}
	return fmt.Sprintf("%016x", math.Float64bits(f))
}

// present makes nil of an id that is none.
func present(id []byte) any {
	if bytes.Count(id, []byte{0}) == len(id) {
		return nil
	}
	return hexCell(id)
}

func expectSpans(t *testing.T, p *partFile, s *storage.Spans) *expectedColumns {
	x := newExpected(p, s.Len())
	text := func(of []uint32) func(int) any { return func(row int) any { return s.Strings[of[row]] } }
	list := func(r storage.Range) (list []cellAttr) {
		for _, a := range s.List(r) {
			list = append(list, cellAttr{s.Strings[a.Key], s.Value(a)})
		}
		return list
	}
	x.set(t, "", "trace_id", func(row int) any { return hexCell(s.TraceIDs[row][:]) })
	x.set(t, "", "span_id", func(row int) any { return hexCell(s.SpanIDs[row][:]) })
	x.set(t, "", nameParentOffset, func(row int) any {
		if at := parentRow(s, row); at >= 0 {
			return fmt.Sprint(at - row)
		}
		return nil
	})
	x.set(t, "", nameFarParent, func(row int) any {
		if parentRow(s, row) >= 0 {
			return nil
		}
		return present(s.ParentIDs[row][:])
	})
	x.set(t, "", "start", func(row int) any { return fmt.Sprint(s.StartsNs[row]) })
	x.set(t, "", "duration_ns", func(row int) any { return fmt.Sprint(s.DurationsNs[row]) })
	x.set(t, "", "kind", func(row int) any { return fmt.Sprint(s.Kinds[row]) })
	x.set(t, "", "status", func(row int) any { return fmt.Sprint(s.Statuses[row]) })
	x.set(t, "", "name", text(s.Names))
	x.set(t, "", "status_message", text(s.StatusMessages))
	x.set(t, "", "trace_state", text(s.TraceStates))
	x.set(t, "", "flags", func(row int) any { return fmt.Sprint(s.Flags[row]) })
	x.set(t, "", "dropped_attributes", func(row int) any { return fmt.Sprint(s.Dropped[row].Attributes) })
	x.set(t, "", "dropped_events", func(row int) any { return fmt.Sprint(s.Dropped[row].Events) })
	x.set(t, "", "dropped_links", func(row int) any { return fmt.Sprint(s.Dropped[row].Links) })
	x.set(t, "", "scope.name", func(row int) any { return s.Strings[s.ScopeTable[s.Scopes[row]].Name] })
	x.set(t, "", "scope.version", func(row int) any { return s.Strings[s.ScopeTable[s.Scopes[row]].Version] })
	events := func(cell func(storage.Event) any) func(int) any {
		return func(row int) any {
			cells := []any{}
			for _, e := range s.EventsOf(row) {
				cells = append(cells, cell(e))
			}
			return cells
		}
	}
	x.set(t, "events", "time", events(func(e storage.Event) any { return fmt.Sprint(e.TimeNs) }))
	x.set(t, "events", "name", events(func(e storage.Event) any { return s.Strings[e.Name] }))
	x.set(t, "events", "dropped_attributes", events(func(e storage.Event) any { return fmt.Sprint(e.DroppedAttributes) }))
	links := func(cell func(storage.Link) any) func(int) any {
		return func(row int) any {
			cells := []any{}
			for _, l := range s.LinksOf(row) {
				cells = append(cells, cell(l))
			}
			return cells
		}
	}
	x.set(t, "links", "trace_id", links(func(l storage.Link) any { return hexCell(l.TraceID[:]) }))
	x.set(t, "links", "span_id", links(func(l storage.Link) any { return hexCell(l.SpanID[:]) }))
	x.set(t, "links", "trace_state", links(func(l storage.Link) any { return s.Strings[l.TraceState] }))
	x.set(t, "links", "flags", links(func(l storage.Link) any { return fmt.Sprint(l.Flags) }))
	x.set(t, "links", "dropped_attributes", links(func(l storage.Link) any { return fmt.Sprint(l.DroppedAttributes) }))
	x.setAttrs(&p.attrs, func(row int) [][]cellAttr { return [][]cellAttr{list(s.Attributes[row])} })
	x.setAttrs(&p.events, func(row int) (lists [][]cellAttr) {
		for _, e := range s.EventsOf(row) {
			lists = append(lists, list(e.Attributes))
		}
		return lists
	})
	x.setAttrs(&p.links, func(row int) (lists [][]cellAttr) {
		for _, l := range s.LinksOf(row) {
			lists = append(lists, list(l.Attributes))
		}
		return lists
	})
	return x
}

func expectLogs(t *testing.T, p *partFile, l *storage.Logs) *expectedColumns {
	x := newExpected(p, l.Len())
	x.set(t, "", "time", func(row int) any { return fmt.Sprint(l.TimesNs[row]) })
	x.set(t, "", "observed_time", func(row int) any { return fmt.Sprint(l.ObservedNs[row]) })
	x.set(t, "", "trace_id", func(row int) any { return present(l.TraceIDs[row][:]) })
	x.set(t, "", "span_id", func(row int) any { return present(l.SpanIDs[row][:]) })
	x.set(t, "", "severity_number", func(row int) any { return fmt.Sprint(l.Severities[row]) })
	x.set(t, "", "severity_text", func(row int) any { return l.Strings[l.SeverityTexts[row]] })
	x.set(t, "", "event_name", func(row int) any { return l.Strings[l.EventNames[row]] })
	x.set(t, "", "flags", func(row int) any { return fmt.Sprint(l.Flags[row]) })
	x.set(t, "", "dropped_attributes", func(row int) any { return fmt.Sprint(l.DroppedAttrs[row]) })
	x.set(t, "", "scope.name", func(row int) any { return l.Strings[l.ScopeTable[l.Scopes[row]].Name] })
	x.set(t, "", "scope.version", func(row int) any { return l.Strings[l.ScopeTable[l.Scopes[row]].Version] })
	for i, c := range p.body.keys {
		x.fill(p.body.columns[i], func(row int) any {
			if v := l.Bodies[row]; v.Type() == c.typ {
				return valueCell(v)
			}
			return nil
		})
	}
	x.setAttrs(&p.attrs, func(row int) [][]cellAttr {
		var list []cellAttr
		for _, a := range l.List(l.Attributes[row]) {
			list = append(list, cellAttr{l.Strings[a.Key], l.Value(a)})
		}
		return [][]cellAttr{list}
	})
	return x
}

// finish fills what only heddle reads, and says whether nothing is left.
func (x *expectedColumns) finish(t *testing.T) {
	t.Helper()
	for id := range x.columns {
		c := &x.columns[id]
		if c.rows == nil && (c.Name == nameOrigin || c.Name == nameShape) {
			if c.List != "" {
				continue // shapes of elements mean nothing to others
			}
			for number, info := range x.p.file.RowGroups() {
				for _, v := range ints[uint32](x.p.group(number).column(id), between(0, info.Rows)) {
					c.rows = append(c.rows, fmt.Sprint(v))
				}
			}
			continue
		}
		if c.rows == nil {
			t.Errorf("column %q of list %q is not described", c.Name, c.List)
		}
	}
}

// oraclePart is a part with what it must have.
type oraclePart struct {
	name, path string
	file       []byte
	*expectedColumns
}

// oracleParts are parts of random records of every kind.
func oracleParts(t *testing.T) (list []oraclePart) {
	dir := t.TempDir()
	add := func(name string, file []byte, x *expectedColumns) {
		path := filepath.Join(dir, name+".parquet")
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		x.finish(t)
		list = append(list, oraclePart{name, path, file, x})
	}
	for seed := range uint64(3) {
		r := rand.New(rand.NewPCG(seed, 10))
		pageRows := []int{64, 0}[seed%2]
		requests := oddTraces(r, 300, 20)
		if seed == 2 {
			requests = manyKeys(r)
		}
		table := spanTableOf(t, requests)
		file := spanFile(t, table, pageRows)
		p := openFile(t, file)
		rows := rowsInOrder(sealOrder(table))
		x := expectSpans(t, p, table.spans(rows))
		id, _ := p.file.Column("", "scope.version")
		next := x.setEntities(id+1, prefixResource, table.origins.resources, func(row int) *entity { return table.origins.resource(table.origin[rows[row]]) })
		x.setEntities(next, prefixScope, table.origins.scopes, func(row int) *entity { return table.origins.scope(table.origin[rows[row]]) })
		add(fmt.Sprint("spans-", seed), file, x)

		logs := logTableOf(t, oddLogs(r, 300))
		file = logFile(t, logs, pageRows)
		p = openFile(t, file)
		rows = rowsInOrder(logOrder(logs))
		x = expectLogs(t, p, logs.records(rows))
		id, _ = p.file.Column("", "scope.version")
		next = x.setEntities(id+1, prefixResource, logs.origins.resources, func(row int) *entity { return logs.origins.resource(logs.origin[rows[row]]) })
		x.setEntities(next, prefixScope, logs.origins.scopes, func(row int) *entity { return logs.origins.scope(logs.origin[rows[row]]) })
		add(fmt.Sprint("logs-", seed), file, x)
	}
	return list
}

// TestParquetGoReadsParts compares every value.
func TestParquetGoReadsParts(t *testing.T) {
	storagetest.Long(t)
	for _, part := range oracleParts(t) {
		f, err := pq.OpenFile(bytes.NewReader(part.file), int64(len(part.file)))
		if err != nil {
			t.Fatal(err)
		}
		if f.NumRows() != int64(part.n) {
			t.Errorf("%s: %d rows, want %d", part.name, f.NumRows(), part.n)
		}
		for id := range part.columns {
			c := &part.columns[id]
			if c.rows == nil {
				continue
			}
			var got []any
			for _, group := range f.RowGroups() {
				got = append(got, parquetGoRows(t, &c.Column, group.ColumnChunks()[id])...)
			}
			if diff := firstUnlike(got, c.rows); diff != "" {
				t.Errorf("%s, column %q of list %q: %s", part.name, c.Name, c.List, diff)
			}
		}
	}
}

// parquetGoRows reads a chunk.
func parquetGoRows(t *testing.T, c *parquet.Column, chunk pq.ColumnChunk) (rows []any) {
	t.Helper()
	pages := chunk.Pages()
	defer pages.Close()
	for {
		page, err := pages.ReadPage()
		if err != nil {
			return rows
		}
		values := make([]pq.Value, page.NumValues())
		if n, err := page.Values().ReadValues(values); n < len(values) {
			t.Fatalf("column %q: %v", c.Name, err)
		}
		for _, v := range values {
			var cell any
			if !v.IsNull() {
				cell = parquetGoCell(c, v)
			}
			switch {
			case c.List == "":
				rows = append(rows, cell)
			case v.RepetitionLevel() > 0:
				rows[len(rows)-1] = append(rows[len(rows)-1].([]any), cell)
			case v.DefinitionLevel() == 0: // a list without elements
				rows = append(rows, []any{})
			default:
				rows = append(rows, []any{cell})
			}
		}
	}
}

func parquetGoCell(c *parquet.Column, v pq.Value) string {
	switch c.Kind {
	case parquet.Boolean:
		return fmt.Sprint(v.Boolean())
	case parquet.Int32:
		if c.Logical == parquet.None {
			return fmt.Sprint(v.Int32())
		}
		return fmt.Sprint(v.Uint32())
	case parquet.Int64:
		return fmt.Sprint(v.Int64())
	case parquet.Double:
		return floatCell(v.Double())
	}
	if c.Logical == parquet.String {
		return string(v.ByteArray())
	}
	return hexCell(v.ByteArray())
}

func firstUnlike(got, want []any) string {
	if len(got) != len(want) {
		return fmt.Sprintf("%d rows, want %d", len(got), len(want))
	}
	for i := range want {
		if !reflect.DeepEqual(got[i], want[i]) {
			return fmt.Sprintf("row %d is %q, want %q", i, got[i], want[i])
		}
	}
	return ""
}

// TestDuckDBReadsParts compares every value, the number of values and of
// distinct ones, sums and limits, and searches for values.
func TestDuckDBReadsParts(t *testing.T) {
	storagetest.Long(t)
	quote := func(s string) string { return strings.ReplaceAll(s, `"`, `""`) }
	compareWith(t, dialect{
		engine: duckDB,
		from:   func(path string) string { return "'" + path + "'" },
		column: func(name string) string { return `"` + quote(name) + `"` },
		each: func(list, name, cell string) string {
			return fmt.Sprintf(`list_transform("%s", lambda x: %s)`, list, cell)
		},
		field: func(_, name string) string { return `x."` + quote(name) + `"` },
		text: func(c *parquet.Column, x string) string {
			switch {
			case c.Logical == parquet.TimestampNs:
				return "epoch_ns(" + x + ")::VARCHAR"
			case c.Kind == parquet.Fixed, c.Kind == parquet.ByteArray && c.Logical == parquet.None:
				return "hex(" + x + ")"
			}
			return x + "::VARCHAR"
		},
		sum:     func(x string) string { return "sum(" + x + "::HUGEINT)::VARCHAR" },
		length:  func(list string) string { return fmt.Sprintf(`len("%s")::VARCHAR`, list) },
		literal: func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" },
		// DuckDB keeps microseconds of times in UTC.
		timeNs: func(ns int64) int64 { return ns / 1000 * 1000 },
	})
}

// TestClickHouseReadsParts does the same with ClickHouse.
func TestClickHouseReadsParts(t *testing.T) {
	storagetest.Long(t)
	escape := strings.NewReplacer(`\`, `\\`, "`", "\\`", "'", `\'`, "\n", `\n`, "\t", `\t`, "\x00", `\0`).Replace
	compareWith(t, dialect{
		engine: clickHouse,
		from:   func(path string) string { return "file('" + path + "', Parquet)" },
		column: func(name string) string { return "`" + escape(name) + "`" },
		each: func(list, name, cell string) string {
			return fmt.Sprintf("arrayMap(x -> %s, `%s`)", cell, list)
		},
		field: func(_, name string) string { return "tupleElement(x, '" + escape(name) + "')" },
		text: func(c *parquet.Column, x string) string {
			switch {
			case c.Logical == parquet.TimestampNs:
				return "toString(toUnixTimestamp64Nano(" + x + "))"
			case c.Kind == parquet.Fixed, c.Kind == parquet.ByteArray && c.Logical == parquet.None:
				return "hex(" + x + ")"
			}
			return "toString(" + x + ")"
		},
		sum:     func(x string) string { return "toString(sum(toInt128(" + x + ")))" },
		length:  func(list string) string { return fmt.Sprintf("toString(length(`%s`))", list) },
		literal: func(s string) string { return "'" + escape(s) + "'" },
		timeNs:  func(ns int64) int64 { return ns },
	})
}

// dialect is how to ask an engine.
type dialect struct {
	engine  engine
	from    func(path string) string
	column  func(name string) string
	each    func(list, name, cell string) string
	field   func(list, name string) string
	text    func(c *parquet.Column, x string) string
	sum     func(x string) string
	length  func(list string) string
	literal func(string) string
	timeNs  func(ns int64) int64
}

// question is something to ask about a part, and the answer: one cell a row, or
// one cell.
type question struct {
	name, sql string
	column    *expected
	want      []any
	where     string // "": none
	value     bool   // the answer is a value of the column
}

// questions are those about one column. search asks for a value with a
// condition, which an engine may answer with the help of statistics.
func (d dialect) questions(r *rand.Rand, c *expected, search bool) (list []question) {
	ask := func(sql string, value bool, want ...any) {
		list = append(list, question{column: c, sql: sql, want: want, value: value})
	}
	if c.List != "" {
		ask(d.each(c.List, c.Name, d.text(&c.Column, d.field(c.List, c.Name))), true, d.rows(c)...)
		var lengths []any
		for _, cells := range c.rows {
			lengths = append(lengths, fmt.Sprint(len(cells.([]any))))
		}
		ask(d.length(c.List), false, lengths...)
		return list
	}
	column, rows := d.column(c.Name), d.rows(c)
	ask(d.text(&c.Column, column), true, rows...)
	s := summarize(&c.Column, rows)
	count := func(what string, n int) { ask(d.number("count("+what+")"), false, fmt.Sprint(n)) }
	count("*", len(rows))
	count(column, s.present)
	if c.Kind == parquet.Double || s.present == 0 {
		return list
	}
	count("DISTINCT "+column, s.distinct)
	if c.Kind != parquet.Boolean {
		ask(d.text(&c.Column, "min("+column+")"), true, s.min)
		ask(d.text(&c.Column, "max("+column+")"), true, s.max)
	}
	if (c.Kind == parquet.Int32 || c.Kind == parquet.Int64) && c.Logical != parquet.TimestampNs {
		ask(d.sum(column), false, s.sum)
	}
	if !search {
		return list
	}
	count("*", len(rows)-s.present)
	list[len(list)-1].where = column + " IS NULL"
	value := rows[r.IntN(len(rows))]
	text, ok := value.(string)
	if !ok || c.Kind == parquet.Boolean || c.Logical == parquet.TimestampNs || strings.Contains(text, "\x00") { // no statement may have a zero byte
		return list
	}
	found := 0
	for _, cell := range rows {
		if cell == value {
			found++
		}
	}
	switch {
	case c.Logical == parquet.String:
		text = d.literal(text)
	case c.Kind == parquet.Fixed, c.Kind == parquet.ByteArray:
		text = "unhex('" + text + "')"
	}
	count("*", found)
	list[len(list)-1].where = column + " = " + text
	return list
}

// compareWith asks an engine all questions about all parts, many at once.
func compareWith(t *testing.T, d dialect) {
	var statements []string
	var asked [][]question
	all := 0
	r := rand.New(rand.NewPCG(1, 11))
	for _, part := range oracleParts(t) {
		byKind := map[string][]question{}
		for id := range part.columns {
			c := &part.columns[id]
			if c.rows == nil {
				continue
			}
			for _, q := range d.questions(r, c, id%7 == 0) {
				q.name = fmt.Sprintf("%s, column %q of list %q", part.name, c.Name, c.List)
				kind := q.where
				if len(q.want) == 1 {
					kind += " once"
				}
				byKind[kind] = append(byKind[kind], q)
				all++
			}
		}
		for _, list := range byKind {
			for some := range slices.Chunk(list, 100) {
				var items []string
				for i, q := range some {
					items = append(items, fmt.Sprintf("%s AS r%d", q.sql, i))
				}
				sql := "SELECT " + strings.Join(items, ", ") + " FROM " + d.from(part.path)
				if where := some[0].where; where != "" {
					sql += " WHERE " + where
				}
				statements, asked = append(statements, sql), append(asked, some)
			}
		}
	}
	for i, rows := range d.engine.ask(t, statements) {
		for k, q := range asked[i] {
			got := make([]any, len(rows))
			for row := range rows {
				got[row] = engineCell(&q.column.Column, rows[row][k], q.value)
			}
			if diff := firstUnlike(got, q.want); diff != "" {
				t.Errorf("%s: %s\n%.200s %.200s", q.name, diff, q.sql, q.where)
			}
		}
	}
	t.Logf("%d questions in %d statements", all, len(statements))
}

// number is a number as text.
func (d dialect) number(x string) string {
	if d.engine == clickHouse {
		return "toString(" + x + ")"
	}
	return x + "::VARCHAR"
}

// rows are the rows of a column as the engine has them.
func (d dialect) rows(c *expected) []any {
	if c.Logical != parquet.TimestampNs {
		return c.rows
	}
	var cell func(any) any
	cell = func(v any) any {
		switch v := v.(type) {
		case []any:
			list := []any{}
			for _, one := range v {
				list = append(list, cell(one))
			}
			return list
		case string:
			ns, _ := strconv.ParseInt(v, 10, 64)
			return fmt.Sprint(d.timeNs(ns))
		}
		return v
	}
	rows := make([]any, len(c.rows))
	for i := range rows {
		rows[i] = cell(c.rows[i])
	}
	return rows
}

// engineCell is what an engine wrote, as a cell. value says that it is a value
// of the column.
func engineCell(c *parquet.Column, v any, value bool) any {
	switch v := v.(type) {
	case []any:
		list := []any{}
		for _, one := range v {
			list = append(list, engineCell(c, one, value))
		}
		return list
	case string:
		if c.Kind == parquet.Double && value {
			f, err := strconv.ParseFloat(v, 64)
			if err != nil {
				return v
			}
			return floatCell(f)
		}
	}
	return v
}

type columnSummary struct {
	present, distinct int
	min, max          string
	sum               string
}

func summarize(c *parquet.Column, rows []any) (s columnSummary) {
	distinct := map[string]bool{}
	number := c.Kind == parquet.Int32 || c.Kind == parquet.Int64
	sum := new(big.Int)
	for _, cell := range rows {
		text, ok := cell.(string)
		if !ok {
			continue
		}
		less := func(a, b string) bool {
			if number {
				x, _ := strconv.ParseInt(a, 10, 64)
				y, _ := strconv.ParseInt(b, 10, 64)
				return x < y
			}
			return a < b
		}
		if s.present == 0 || less(text, s.min) {
			s.min = text
		}
		if s.present == 0 || less(s.max, text) {
			s.max = text
		}
		s.present++
		distinct[text] = true
		if number {
			n, _ := new(big.Int).SetString(text, 10)
			sum.Add(sum, n)
		}
	}
	s.distinct, s.sum = len(distinct), sum.String()
	return s
}

// rowsInOrder lists the rows of the only source in their new order.
func rowsInOrder(a *arrangement) []uint32 {
	rows := make([]uint32, a.n)
	for row, at := range a.to[0] {
		rows[at] = uint32(row)
	}
	return rows
}

// parentRow is the row of a span's parent where that is in the part, which has
// one row group: the first with its id in the trace. A span that names itself,
// or one like it, has its parent elsewhere. -1: there is none.
func parentRow(s *storage.Spans, row int) int {
	for at := range s.Len() {
		if !s.ParentIDs[row].IsEmpty() && s.TraceIDs[at] == s.TraceIDs[row] && s.SpanIDs[at] == s.ParentIDs[row] {
			if at == row {
				return -1
			}
			return at
		}
	}
	return -1
}
