package columnar

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

const nodeDir = "node"

// installEngines installs what the lock file says unless that is done, after
// which no network is needed. npm leaves a lock file of its own in the folder,
// which is older when ours has changed.
var installEngines = sync.OnceValue(func() error {
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

// engine is a query engine that reads Parquet.
type engine string

const (
	duckDB     engine = "duckdb"
	clickHouse engine = "clickhouse"
)

// ask runs SQL statements and returns the rows of each.
func (e engine) ask(t testing.TB, statements []string) [][][]any {
	t.Helper()
	if err := installEngines(); err != nil {
		t.Fatal(err)
	}
	input, err := json.Marshal(statements)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "query.js", string(e))
	cmd.Dir = nodeDir
	cmd.Stdin = bytes.NewReader(input)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, stderr.Bytes())
	}
	var answers []json.RawMessage
	if err := json.Unmarshal(out, &answers); err != nil || len(answers) != len(statements) {
		t.Fatalf("node wrote %.200q: %v", out, err)
	}
	rows := make([][][]any, len(answers))
	for i, answer := range answers {
		if err := json.Unmarshal(answer, &rows[i]); err != nil {
			t.Errorf("%s: %.1000s\n%s", e, answer, statements[i])
		}
	}
	return rows
}
