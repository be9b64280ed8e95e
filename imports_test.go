package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/heddle-io/heddle"

// mayImport says which folders of ours the packages below a folder may import,
// apart from that folder itself. A folder that is not here may import nothing.
var mayImport = map[string][]string{
	".":         {"collector"},
	"collector": {"receivers", "exporters", "storage", "query", "ui"},
	"receivers": {"storage"},
	"exporters": {"storage"},
	"storage":   {},
	"query":     {"storage"},
	"ui":        {},
}

// Only these may know OpenTelemetry component types; storage and query are
// libraries that know telemetry data (pdata) and nothing of collectors.
var mayImportComponents = []string{"collector", "receivers", "exporters"}

const upstream = "go.opentelemetry.io/collector/"

// Names that say nothing about what is inside.
var vagueNames = []string{"util", "utils", "common", "helper", "helpers", "types", "base", "misc", "shared"}

// goPackage is one folder with Go files.
type goPackage struct {
	name       string
	documented bool
	imports    map[string][]string // import path -> files that have it
}

func TestImportsPointTheRightWay(t *testing.T) {
	for dir, pkg := range readPackages(t) {
		top := topFolder(dir)
		for _, imported := range slices.Sorted(maps.Keys(pkg.imports)) {
			files := strings.Join(pkg.imports[imported], ", ")
			if own, ok := strings.CutPrefix(imported, module+"/"); ok {
				if to := topFolder(own); to != top && !slices.Contains(mayImport[top], to) {
					t.Errorf("%s imports %s (in %s): %s may import %v", dir, own, files, top, mayImport[top])
				}
			}
			if rest, ok := strings.CutPrefix(imported, upstream); ok && !slices.Contains(mayImportComponents, top) && !strings.HasPrefix(rest, "pdata/") {
				t.Errorf("%s imports %s (in %s): only %v may import component types, others only pdata", dir, imported, files, mayImportComponents)
			}
		}
	}
}

func TestPackagesAreNamedAndDocumented(t *testing.T) {
	for dir, pkg := range readPackages(t) {
		if slices.Contains(vagueNames, pkg.name) {
			t.Errorf("%s: the package name %q does not say what is inside", dir, pkg.name)
		}
		if !pkg.documented {
			t.Errorf("%s: no file has a package comment that starts with \"Package %s\"", dir, pkg.name)
		}
	}
}

func topFolder(dir string) string {
	top, _, _ := strings.Cut(filepath.ToSlash(dir), "/")
	return top
}

// readPackages parses every Go package of the module. Imports of tests are
// left out: a test may use what the code may not.
func readPackages(t *testing.T) map[string]*goPackage {
	t.Helper()
	packages := map[string]*goPackage{}
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return skipFolder(file, d.Name())
		}
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(filepath.Dir(file))
		pkg := packages[dir]
		if pkg == nil {
			pkg = &goPackage{name: parsed.Name.Name, imports: map[string][]string{}}
			packages[dir] = pkg
		}
		pkg.add(parsed, path.Base(file))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(packages) < 5 {
		t.Fatalf("only %d packages were found", len(packages))
	}
	return packages
}

// skipFolder leaves out what is no part of this module.
func skipFolder(folder, name string) error {
	if folder == "." {
		return nil
	}
	if name == "node_modules" || name == "testdata" || name == "bin" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") {
		return filepath.SkipDir
	}
	if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
		return filepath.SkipDir
	}
	return nil
}

func (p *goPackage) add(file *ast.File, name string) {
	want := "Package " + p.name + " "
	if p.name == "main" {
		want = "Command "
	}
	p.documented = p.documented || strings.HasPrefix(file.Doc.Text(), want)
	for _, spec := range file.Imports {
		if imported, err := strconv.Unquote(spec.Path.Value); err == nil {
			p.imports[imported] = append(p.imports[imported], name)
		}
	}
}
