package parquet

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/heddle-io/heddle/storage/storagetest"
)

const nodeDir = "node"

// installDuckDB installs what the lock file says unless that is done, after
// which no network is needed. npm leaves a lock file of its own in the folder,
// which is older when ours has changed.
var installDuckDB = sync.OnceValue(func() error {
	lock, err := os.Stat(filepath.Join(nodeDir, "package-lock.json"))
	if err != nil {
		return err
	}
	installed := filepath.Join(nodeDir, "node_modules", ".package-lock.json")
	if have, err := os.Stat(installed); err == nil && !have.ModTime().Before(lock.ModTime()) {
		return nil
	}
	cmd := exec.Command("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
	cmd.Dir = nodeDir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci: %w\n%s", err, out)
	}
	return nil
})

// duckDB runs SQL statements and returns the rows of each.
func duckDB(t *testing.T, statements []string) [][][]any {
	t.Helper()
	if err := installDuckDB(); err != nil {
		t.Fatal(err)
	}
	input, err := json.Marshal(statements)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "query.js")
	cmd.Dir = nodeDir
	cmd.Stdin = bytes.NewReader(input)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, stderr.Bytes())
	}
	var answers [][][]any
	if err := json.Unmarshal(out, &answers); err != nil {
		t.Fatalf("node wrote %.200q: %v", out, err)
	}
	return answers
}

// TestDuckDB lets DuckDB read random files: every value, the list lengths, and
// counts with a condition, which it may answer with the help of statistics.
func TestDuckDB(t *testing.T) {
	storagetest.Long(t)
	dir := t.TempDir()
	type asked struct {
		name string
		want [][]any
	}
	var statements []string
	var asks []asked
	ask := func(name, sql string, want [][]any) {
		statements = append(statements, sql)
		asks = append(asks, asked{name, want})
	}
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 2))
		m := randomModel(r)
		if len(m.groups) == 0 {
			m.groups = append(m.groups, m.randomGroup(r))
		}
		file := filepath.Join(dir, fmt.Sprint(seed, ".parquet"))
		if err := os.WriteFile(file, m.write(t, r), 0o600); err != nil {
			t.Fatal(err)
		}
		for i := range m.columns {
			c := &m.columns[i]
			want := m.duckRows(i)
			name := fmt.Sprintf("file %d, column %q %+v", seed, c.path(), *c)
			ask(name, fmt.Sprintf("SELECT %s FROM '%s'", duckExpr(c), file), want)
			if c.List == "" {
				sql, count := m.duckCount(r, i, want)
				ask(name, fmt.Sprintf("SELECT count(*) FROM '%s' WHERE %s", file, sql), [][]any{{fmt.Sprint(count)}})
			}
		}
	}
	for i, rows := range duckDB(t, statements) {
		if diff := diffRows(rows, asks[i].want); diff != "" {
			t.Errorf("%s: %s\n%s", asks[i].name, diff, statements[i])
		}
	}
}

// TestDuckDBMesh compares counts, sums and list lengths of a large table.
func TestDuckDBMesh(t *testing.T) {
	storagetest.Long(t)
	table := newBenchTable(20_000, 3)
	file := filepath.Join(t.TempDir(), "mesh.parquet")
	out, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	w := NewWriter(out, table.columns, Options{})
	table.writeGroup(t, w)
	table.writeGroup(t, w)
	if err := w.Close(nil); err != nil {
		t.Fatal(err)
	}
	var exprs []string
	var want []any
	add := func(expr string, n uint64) {
		exprs, want = append(exprs, "("+expr+")::BIGINT::VARCHAR"), append(want, fmt.Sprint(2*n))
	}
	add("count(*)", uint64(table.rows))
	for i := range table.columns {
		c, v := &table.columns[i], &table.values[i]
		name := fmt.Sprintf("%q", c.Name)
		if c.List != "" {
			name = fmt.Sprintf("list_transform(%q, lambda x: x.%q)", c.List, c.Name)
			elements := uint64(0)
			for _, n := range v.Counts {
				elements += uint64(n)
			}
			add("sum(len("+name+"))", elements)
			add("sum(list_count("+name+"))", uint64(max(len(v.Nums), len(v.Codes))))
			continue
		}
		n, length := len(v.Nums)+len(v.Codes), uint64(0)
		if c.Kind == Fixed {
			n = len(v.Fixed) / c.Length
		}
		add("count("+name+")", uint64(n))
		switch {
		case c.Kind == ByteArray:
			for _, code := range v.Codes {
				length += uint64(len(v.Dict.At(code)))
			}
			add("sum(strlen("+name+"))", length)
		case c.Kind == Int64 && c.Logical == None || c.Kind == Int32:
			for _, x := range v.Nums {
				length += x
			}
			add("sum("+name+")", length)
		}
	}
	got := duckDB(t, []string{fmt.Sprintf("SELECT %s FROM '%s'", strings.Join(exprs, ", "), file)})
	for i := range want {
		if got[0][0][i] != want[i] {
			t.Errorf("%s is %v, want %v", exprs[i], got[0][0][i], want[i])
		}
	}
}

// duckExpr selects a column as text, one of a list as a list of text.
func duckExpr(c *Column) string {
	if c.List != "" {
		return fmt.Sprintf(`list_transform("%s", lambda x: %s)`, c.List, duckText(c, fmt.Sprintf(`x."%s"`, c.Name)))
	}
	return duckText(c, fmt.Sprintf(`"%s"`, c.Name))
}

func duckText(c *Column, name string) string {
	switch {
	case c.Logical == TimestampNs:
		return "epoch_ns(" + name + ")::VARCHAR"
	case c.Kind == Fixed && c.Logical != UUID, c.Kind == ByteArray && c.Logical == None:
		return "hex(" + name + ")"
	}
	return name + "::VARCHAR"
}

// duckRows are the rows that DuckDB must return for a column.
func (m *model) duckRows(column int) (rows [][]any) {
	c := &m.columns[column]
	for gi := range m.groups {
		g := &m.groups[gi]
		cells := g.cells[column]
		for row := range g.rows {
			if c.List == "" {
				rows = append(rows, []any{duckValue(c, cells[row])})
				continue
			}
			list := []any{}
			for range g.counts[c.List][row] {
				list = append(list, duckValue(c, cells[0]))
				cells = cells[1:]
			}
			rows = append(rows, []any{list})
		}
	}
	return rows
}

func duckValue(c *Column, x cell) any {
	switch {
	case x.null:
		return nil
	case c.Logical == UUID:
		h := hex.EncodeToString([]byte(x.text))
		return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
	case c.Kind == Fixed, c.Kind == ByteArray && c.Logical == None:
		return strings.ToUpper(hex.EncodeToString([]byte(x.text)))
	case c.Kind == ByteArray:
		return x.text
	case c.Kind == Boolean:
		return fmt.Sprint(x.num == 1)
	case c.Kind == Double:
		return math.Float64frombits(x.num)
	case c.unsigned():
		return fmt.Sprint(x.num)
	case c.Logical == TimestampNs:
		// DuckDB keeps microseconds of times in UTC.
		return fmt.Sprint(x.num / 1000 * 1000)
	}
	return fmt.Sprint(int64(x.num))
}

// duckCount counts the rows with one of the column's values, or without.
func (m *model) duckCount(r *rand.Rand, column int, rows [][]any) (condition string, count int) {
	c := &m.columns[column]
	value := rows[r.IntN(len(rows))][0]
	for _, row := range rows {
		if row[0] == value {
			count++
		}
	}
	name := fmt.Sprintf(`"%s"`, c.Name)
	switch v := value.(type) {
	case nil:
		return name + " IS NULL", count
	case float64:
		return fmt.Sprintf("%s = '%v'::DOUBLE", name, v), count
	case string:
		switch {
		case c.Logical == UUID:
			return fmt.Sprintf("%s = '%s'::UUID", name, v), count
		case c.Kind == Fixed, c.Kind == ByteArray && c.Logical == None:
			return fmt.Sprintf("%s = unhex('%s')", name, v), count
		case c.Logical == TimestampNs:
			return fmt.Sprintf("epoch_ns(%s) = %s", name, v), count
		case c.Kind == ByteArray:
			return fmt.Sprintf("%s::VARCHAR = '%s'", name, v), count
		}
		return fmt.Sprintf("%s = %s", name, v), count
	}
	return "false", 0
}

func diffRows(got, want [][]any) string {
	if len(got) != len(want) {
		return fmt.Sprintf("%d rows, want %d", len(got), len(want))
	}
	for i := range want {
		if len(got[i]) != 1 || !sameDuck(got[i][0], want[i][0]) {
			return fmt.Sprintf("row %d is %v, want %v", i, got[i], want[i])
		}
	}
	return ""
}

func sameDuck(got, want any) bool {
	switch w := want.(type) {
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return false
		}
		for i := range w {
			if !sameDuck(g[i], w[i]) {
				return false
			}
		}
		return true
	case float64:
		text, _ := got.(string)
		v, err := strconv.ParseFloat(text, 64)
		return err == nil && math.Float64bits(v) == math.Float64bits(w)
	}
	return got == want
}
