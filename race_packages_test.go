package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestConcurrentPackagesAreRaced: what starts goroutines, or has locks and
// atomics because its callers do, is in the Makefile's RACE_PACKAGES, and what is
// there exists.
func TestConcurrentPackagesAreRaced(t *testing.T) {
	makefile, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	list := regexp.MustCompile(`(?m)^RACE_PACKAGES = ((?:.*\\\n)*.*)$`).FindSubmatch(makefile)
	if list == nil {
		t.Fatal("the Makefile has no RACE_PACKAGES")
	}
	raced := strings.Fields(strings.ReplaceAll(string(list[1]), "\\\n", " "))
	used := map[string]bool{}
	concurrent := 0
	for dir := range readPackages(t) {
		pattern := racedBy(raced, dir)
		used[pattern] = true
		if topFolder(dir) == "collector" || !hasTests(t, dir) || !isConcurrent(t, dir) {
			continue
		}
		concurrent++
		if pattern == "" {
			t.Errorf("%s starts goroutines or has locks or atomics, and is not in the Makefile's RACE_PACKAGES", dir)
		}
	}
	if concurrent < 10 {
		t.Errorf("only %d packages were found to be concurrent", concurrent)
	}
	for _, pattern := range raced {
		if !used[pattern] {
			t.Errorf("RACE_PACKAGES has %s, which is no package", pattern)
		}
	}
}

// racedBy is the pattern that stands for the package, or nothing.
func racedBy(patterns []string, dir string) string {
	for _, p := range patterns {
		below, all := strings.CutSuffix(p, "/...")
		if "./"+dir == below || all && strings.HasPrefix("./"+dir, below+"/") {
			return p
		}
	}
	return ""
}

func hasTests(t *testing.T, dir string) bool {
	t.Helper()
	tests, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	return len(tests) > 0
}

// isConcurrent looks for go statements and imports of packages about goroutines.
func isConcurrent(t *testing.T, dir string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(parsed.Imports, func(i *ast.ImportSpec) bool {
			imported := strings.Trim(i.Path.Value, `"`)
			return imported == "sync" || imported == "sync/atomic" || path.Dir(imported) == "golang.org/x/sync"
		}) {
			return true
		}
		found := false
		ast.Inspect(parsed, func(n ast.Node) bool {
			if _, ok := n.(*ast.GoStmt); ok {
				found = true
			}
			return !found
		})
		if found {
			return true
		}
	}
	return false
}
