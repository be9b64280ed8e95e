package catalog

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
)

// An idle catalog does nothing: badger's compactors would wake 20 times a
// second each.
func TestNothingRunsWhileIdle(t *testing.T) {
	o, _ := testOptions(t.TempDir())
	c := mustOpen(t, o)
	defer mustClose(t, c)
	stacks := make([]byte, 1<<20)
	if stacks = stacks[:runtime.Stack(stacks, true)]; strings.Contains(string(stacks), "runCompactor") {
		t.Errorf("badger looks for tables to merge by itself")
	}
}

// Tables are merged all the same, whether writing or closing made them, and
// long before badger would make writers wait.
func TestTablesAreMerged(t *testing.T) {
	t.Run("closing", func(t *testing.T) {
		o, _ := testOptions(t.TempDir())
		for i := range 4 * freshTables {
			c := mustOpen(t, o)
			if n := fresh(c.db); n > freshTables {
				t.Errorf("opened %d times, %d tables are not merged", i, n)
			}
			if err := c.Settings("").Set(fmt.Sprint(i), []byte("x")); err != nil {
				t.Fatal(err)
			}
			mustClose(t, c)
		}
		c := mustOpen(t, o)
		defer mustClose(t, c)
		if all, err := c.Settings("").List(); err != nil || len(all) != 4*freshTables {
			t.Errorf("%d settings are left, %v", len(all), err)
		}
	})
	t.Run("writing", func(t *testing.T) {
		o, _ := testOptions("")
		c := mustOpen(t, o)
		defer mustClose(t, c)
		r := rand.NewChaCha8([32]byte{1})
		last := map[string][]byte{}
		for i := range 4 * freshTables * memTableBytes / (64 << 10) {
			name, value := fmt.Sprint(i%90), make([]byte, 64<<10)
			_, _ = r.Read(value)
			if err := c.Settings("").Set(name, value); err != nil {
				t.Fatal(err)
			}
			last[name] = value
		}
		if n := fresh(c.db); n > 2*freshTables {
			t.Errorf("%d tables are not merged", n)
		}
		for name, want := range last {
			got, err := c.Settings("").Get(name)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("setting %s is %d bytes, %v", name, len(got), err)
			}
		}
	})
}
