package traceql

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/heddle-io/heddle/storage"
)

// The cases in testdata/search are a drawing of traces, a line "---", and
// queries that begin with "> ", each followed by what they find: a line for
// every trace and below it one for every spanset. Queries are separated by
// blank lines. Every case is answered by stores of different table sizes.
func TestSearch(t *testing.T) {
	files, err := filepath.Glob("testdata/search/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			drawing, cases, _ := bytes.Cut(text, []byte("---\n"))
			s := draw(t, string(drawing))
			whole, split := storeOf(t, s, 0), storeOf(t, s, 1)
			var out []string
			for _, block := range strings.Split(strings.TrimSpace(string(cases)), "\n\n") {
				query, want, _ := strings.Cut(block, "\n")
				got := searchText(t, whole, strings.TrimPrefix(query, "> "))
				if again := searchText(t, split, strings.TrimPrefix(query, "> ")); again != got {
					t.Errorf("%s\nfinds\n%s\nand in small tables\n%s", query, got, again)
				}
				if got != want && !*update {
					t.Errorf("%s\ngot:\n%s\nwant:\n%s", query, got, want)
				}
				out = append(out, strings.TrimSpace(query+"\n"+got))
			}
			if *update {
				if err := os.WriteFile(file, fmt.Appendf(nil, "%s---\n%s\n", drawing, strings.Join(out, "\n\n")), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func searchText(t *testing.T, r storage.SpanReader, query string) string {
	t.Helper()
	q, err := Parse(query)
	if err != nil {
		return err.Error()
	}
	found, err := Search(context.Background(), r, q, SearchOptions{Window: storage.AllTime(), Limit: 20, SpansPerSpanset: 20})
	if err != nil {
		return err.Error()
	}
	return resultText(found)
}

func resultText(found SearchResult) string {
	var b strings.Builder
	for _, tr := range found.Traces {
		fmt.Fprintf(&b, "trace %d: %s %s, %v, %d spans\n", tr.ID[15], tr.RootService, tr.RootName, time.Duration(tr.DurationNs), tr.Summary.Spans)
		for _, set := range tr.Spansets {
			fmt.Fprintf(&b, "  %d:", set.Matched)
			for _, m := range set.Spans {
				fmt.Fprintf(&b, " %s%s", idText(m.SpanID), attributesText(m.Attributes))
			}
			b.WriteString(strings.TrimRight(" "+attributesText(set.Attributes), " ") + "\n")
		}
	}
	if found.More {
		b.WriteString("and more\n")
	}
	if found.Stats.Partial != "" {
		fmt.Fprintf(&b, "partial: %s\n", found.Stats.Partial)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func attributesText(list []Attribute) string {
	var parts []string
	for _, a := range list {
		parts = append(parts, a.Name+"="+a.Value.String())
	}
	if len(parts) == 0 {
		return ""
	}
	return "{" + strings.Join(parts, ", ") + "}"
}
