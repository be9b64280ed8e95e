package native

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"go.yaml.in/yaml/v3"
)

var parsedContract = sync.OnceValues(func() (doc map[string]any, err error) {
	err = yaml.Unmarshal(openAPI, &doc)
	return doc, err
})

// document is the contract as generic data, which all tests share and none
// changes.
func document(t *testing.T) map[string]any {
	t.Helper()
	doc, err := parsedContract()
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func field(doc any, path ...string) any {
	for _, name := range path {
		m, _ := doc.(map[string]any)
		doc = m[name]
	}
	return doc
}

func TestEveryRouteIsInTheContract(t *testing.T) {
	var served, described []string
	for pattern := range newAPI(Options{Store: openStore(t)}).routes() {
		served = append(served, pattern)
	}
	for path, methods := range field(document(t), "paths").(map[string]any) {
		for method := range methods.(map[string]any) {
			described = append(described, strings.ToUpper(method)+" "+path)
		}
	}
	slices.Sort(served)
	slices.Sort(described)
	if !slices.Equal(served, described) {
		t.Errorf("served\n%s\ndescribed\n%s", strings.Join(served, "\n"), strings.Join(described, "\n"))
	}
}

// Every answer in testdata is what the contract says, with no field beyond it,
// and every parameter that was given is in it.
func TestAnswersAreAsTheContractSays(t *testing.T) {
	doc := document(t)
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	checked := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		request, rest, _ := bytes.Cut(text, []byte("\n"))
		code, body, _ := bytes.Cut(rest, []byte("\n"))
		method, target, _ := strings.Cut(string(request), " ")
		r, err := http.NewRequest(method, target, nil)
		if err != nil {
			t.Fatal(err)
		}
		path := describedPath(doc, r.URL.Path)
		if path == "" {
			continue // the answer for paths that are not there
		}
		operation := field(doc, "paths", path, strings.ToLower(method))
		var known []string
		for _, p := range field(operation, "parameters").([]any) {
			known = append(known, field(resolve(doc, p), "name").(string))
		}
		for name := range r.URL.Query() {
			if !slices.Contains(known, name) {
				t.Errorf("%s: parameter %s is not described for %s", file, name, path)
			}
		}
		schema := field(resolve(doc, field(operation, "responses", string(code))), "content", "application/json", "schema")
		if schema == nil {
			t.Errorf("%s: answer %s of %s is not described", file, code, path)
			continue
		}
		var answer any
		if err := json.Unmarshal(body, &answer); err != nil {
			t.Fatal(err)
		}
		for _, wrong := range mismatches(doc, schema, answer, "answer") {
			t.Errorf("%s: %s", file, wrong)
		}
		if string(code) == strconv.Itoa(http.StatusOK) {
			checked[path] = true
		}
	}
	for path := range field(doc, "paths").(map[string]any) {
		if !checked[path] && !slices.Contains([]string{
			"/status", "/openapi.yaml", "/deletions", "/traces/{traceId}", // have tests of their own, with answers that differ from run to run
			"/traces/stream", "/tail", "/traces/{traceId}/skeleton", // are not JSON
		}, path) {
			t.Errorf("no answer of %s was checked", path)
		}
	}
}

// What the contract leaves open, generated clients decide in ways that lose
// something: a number without a format becomes 32 bits wide in some of them, and
// an operation without an id gets a name made of its path.
func TestContractIsExactEnoughForGenerators(t *testing.T) {
	doc := document(t)
	ids := map[string]bool{}
	for path, methods := range field(doc, "paths").(map[string]any) {
		for method, operation := range methods.(map[string]any) {
			id, _ := field(operation, "operationId").(string)
			if id == "" || ids[id] {
				t.Errorf("%s %s: its operationId %q is empty or that of another one", method, path, id)
			}
			ids[id] = true
			if path != "/openapi.yaml" && field(operation, "responses", "default") == nil {
				t.Errorf("%s %s: has no default answer", method, path)
			}
			for code, answer := range field(operation, "responses").(map[string]any) {
				content, _ := field(resolve(doc, answer), "content").(map[string]any)
				if len(content) == 0 {
					t.Errorf("%s %s: what an answer %s contains is not described", method, path, code)
				}
				for contentType, described := range content {
					if contentType == "application/json" && field(described, "schema", "$ref") == nil && code != "202" {
						t.Errorf("%s %s: the schema of an answer %s has no name", method, path, code)
					}
				}
			}
		}
	}
	for name, schema := range field(doc, "components", "schemas").(map[string]any) {
		for _, wrong := range formless(schema, name) {
			t.Error(wrong)
		}
	}
}

// formless lists the numbers below a schema that have no format.
func formless(schema any, where string) (list []string) {
	switch v := schema.(type) {
	case map[string]any:
		_, hasFormat := v["format"].(string)
		if (hasType(v, "number") || hasType(v, "integer")) && v["type"] != nil && !hasFormat {
			list = append(list, where+": a number without a format")
		}
		for name, below := range v {
			list = append(list, formless(below, where+"."+name)...)
		}
	case []any:
		for i, below := range v {
			list = append(list, formless(below, fmt.Sprintf("%s[%d]", where, i))...)
		}
	}
	return list
}

func describedPath(doc map[string]any, path string) string {
	parts := strings.Split(path, "/")
	best := ""
	for candidate := range field(doc, "paths").(map[string]any) {
		names := strings.Split(candidate, "/")
		if len(names) == len(parts) && !slices.ContainsFunc(names, func(name string) bool {
			i := slices.Index(names, name)
			return name != parts[i] && !strings.HasPrefix(name, "{")
		}) && (best == "" || strings.Contains(best, "{")) {
			best = candidate
		}
	}
	return best
}

func resolve(doc map[string]any, v any) any {
	for {
		ref, ok := field(v, "$ref").(string)
		if !ok {
			return v
		}
		v = field(doc, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
	}
}

// mismatches says in what v is not as the schema says. It knows what the
// contract uses of JSON Schema; fields that are not described are wrong.
func mismatches(doc map[string]any, schema, v any, where string) []string {
	schema = resolve(doc, schema)
	wrong := func(format string, args ...any) []string {
		return []string{where + ": " + fmt.Sprintf(format, args...)}
	}
	if allowed, ok := field(schema, "enum").([]any); ok && !slices.Contains(allowed, v) {
		return wrong("%v is none of %v", v, allowed)
	}
	required, properties := fieldsOf(doc, schema)
	switch v := v.(type) {
	case map[string]any:
		if properties == nil {
			if field(schema, "type") == nil { // anything
				return nil
			}
			return wrong("is an object")
		}
		var list []string
		for _, name := range required {
			if _, ok := v[name]; !ok {
				list = append(list, wrong("lacks %s", name)...)
			}
		}
		for name, value := range v {
			if s, ok := properties[name]; ok {
				list = append(list, mismatches(doc, s, value, where+"."+name)...)
			} else {
				list = append(list, wrong("has %s, which is not described", name)...)
			}
		}
		return list
	case []any:
		if !hasType(schema, "array") {
			return wrong("is an array")
		}
		var list []string
		for i, item := range v {
			list = append(list, mismatches(doc, field(schema, "items"), item, fmt.Sprintf("%s[%d]", where, i))...)
		}
		return list
	case string:
		if !hasType(schema, "string") {
			return wrong("is a string")
		}
	case float64:
		if !hasType(schema, "number") && !(hasType(schema, "integer") && v == math.Trunc(v)) {
			return wrong("is the number %v", v)
		}
	case bool:
		if !hasType(schema, "boolean") {
			return wrong("is a boolean")
		}
	case nil:
		if !hasType(schema, "null") {
			return wrong("is null")
		}
	}
	return nil
}

func hasType(schema any, name string) bool {
	switch t := field(schema, "type").(type) {
	case nil:
		return true
	case string:
		return t == name
	case []any:
		return slices.Contains(t, any(name))
	}
	return false
}

// fieldsOf joins the parts of an allOf.
func fieldsOf(doc map[string]any, schema any) (required []string, properties map[string]any) {
	schema = resolve(doc, schema)
	if own, ok := field(schema, "properties").(map[string]any); ok {
		properties = map[string]any{}
		for name, s := range own {
			properties[name] = s
		}
	}
	if own, ok := field(schema, "required").([]any); ok {
		for _, name := range own {
			required = append(required, name.(string))
		}
	}
	parts, _ := field(schema, "allOf").([]any)
	for _, part := range parts {
		r, p := fieldsOf(doc, part)
		required = append(required, r...)
		for name, s := range p {
			if properties == nil {
				properties = map[string]any{}
			}
			properties[name] = s
		}
	}
	return required, properties
}
