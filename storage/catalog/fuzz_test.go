package catalog

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// fuzz feeds a decoder with anything. What it accepts must survive encoding.
func fuzz(f *testing.F, what string) {
	decode := decoders[what]
	for _, s := range samples() {
		f.Add(s.value)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		first, err := decode(b)
		if err != nil {
			return
		}
		second, err := decode(first)
		if err != nil || !bytes.Equal(first, second) {
			t.Errorf("%x was read as %x, and that as %x, %v", b, first, second, err)
		}
	})
}

func FuzzTombstone(f *testing.F) { fuzz(f, "tombstone") }
func FuzzService(f *testing.F)   { fuzz(f, "service") }
func FuzzKey(f *testing.F)       { fuzz(f, "key") }
func FuzzObject(f *testing.F)    { fuzz(f, "object") }
func FuzzSetting(f *testing.F)   { fuzz(f, "setting") }

// FuzzTable looks for panics over files that pretend to be tables.
func FuzzTable(f *testing.F) {
	dir := f.TempDir()
	o, _ := testOptions(dir)
	c := mustOpen(f, o)
	if err := c.Settings("").Set("a", []byte("1")); err != nil {
		f.Fatal(err)
	}
	mustClose(f, c)
	tables, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil || len(tables) == 0 {
		f.Fatalf("no table: %v", err)
	}
	b, err := os.ReadFile(tables[0])
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(make([]byte, 64))
	f.Fuzz(func(t *testing.T, b []byte) {
		_ = checkTableBytes(b)
	})
}

// FuzzLog looks for panics over files that pretend to be logs.
func FuzzLog(f *testing.F) {
	dir := f.TempDir()
	o, _ := testOptions(dir)
	c := mustOpen(f, o)
	for i := range 3 {
		if err := c.Settings("").Set("a", []byte{byte(i)}); err != nil {
			f.Fatal(err)
		}
	}
	logs, err := filepath.Glob(filepath.Join(dir, "*.mem"))
	if err != nil || len(logs) != 1 {
		f.Fatalf("logs: %v, %v", logs, err)
	}
	b, err := os.ReadFile(logs[0])
	if err != nil {
		f.Fatal(err)
	}
	end, _ := lostTransactions(b)
	f.Add(b[:end])
	f.Add(b[:end/2])
	f.Add(append([]byte{}, b[end/2:end]...))
	f.Fuzz(func(t *testing.T, b []byte) {
		if at, ended := lostTransactions(b); at > len(b) || ended < 0 {
			t.Errorf("%d transactions behind byte %d of %d", ended, at, len(b))
		}
	})
}
