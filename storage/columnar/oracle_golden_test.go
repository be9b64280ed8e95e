package columnar

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// golden says that the files in testdata are to be written anew, which is right
// only together with a new number of the format, and a reader for the old one.
const golden = "HEDDLE_WRITE_GOLDEN"

// TestGoldenPartsStayReadable reads parts that were written by the first
// version with this format. The text beside each is what is in it.
func TestGoldenPartsStayReadable(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 12))
	if os.Getenv(golden) != "" {
		writeGolden(t, "spans.parquet", spanFile(t, spanTableOf(t, oddTraces(r, 120, 8)), 64))
		writeGolden(t, "logs.parquet", logFile(t, logTableOf(t, oddLogs(r, 120)), 64))
	}
	for name, rows := range map[string]func(testing.TB, *partFile) []string{"spans": spanRowsOf, "logs": logRowsOf} {
		path := filepath.Join("testdata", name)
		file, err := os.ReadFile(path + ".parquet")
		if err != nil {
			t.Fatal(err)
		}
		got := rows(t, openFile(t, file))
		if os.Getenv(golden) != "" {
			writeGolden(t, name+".txt", []byte(strings.Join(got, "\n\n")))
		}
		want, err := os.ReadFile(path + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		if diff := firstDifference(got, strings.Split(string(want), "\n\n")); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func writeGolden(t *testing.T, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join("testdata", name), b, 0o644); err != nil {
		t.Fatal(err)
	}
}
