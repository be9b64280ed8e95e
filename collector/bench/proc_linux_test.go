package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestStat(t *testing.T) {
	const stat = "4711 (a (bad) name) S 1 4711 4711 0 -1 4194304 1 2 3 4 120 30 5 6 20 0 9 0 12345 1 2 3"
	if cpu, err := parseStat(stat); err != nil || cpu != 1500*time.Millisecond {
		t.Errorf("%v, %v, want 1.5s", cpu, err)
	}
	for _, bad := range []string{"", "1 (x) S 1", "1 (x) S 1 2 3 4 5 6 7 8 9 10 a b"} {
		if cpu, err := parseStat(bad); err == nil {
			t.Errorf("%q: %v and no error", bad, cpu)
		}
	}
}

func TestStatus(t *testing.T) {
	now, peak, err := parseStatus("Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t     100 kB\nThreads:\t3\n")
	if err != nil || now != 100<<10 || peak != 2<<20 {
		t.Errorf("%d, %d, %v, want 102400, 2097152", now, peak, err)
	}
	for _, bad := range []string{"", "VmRSS:\t1 kB\n", "VmRSS:\tx kB\nVmHWM:\t1 kB\n"} {
		if _, _, err := parseStatus(bad); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

func TestOwnProcess(t *testing.T) {
	if _, err := cpuOf(os.Getpid()); err != nil {
		t.Error(err)
	}
	if now, peak, err := memoryOf(os.Getpid()); err != nil || now > peak {
		t.Errorf("%d bytes now, %d at most, %v", now, peak, err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "f"), make([]byte, 100_000), 0o600); err != nil {
		t.Fatal(err)
	}
	if n, err := diskOf(dir); err != nil || n < 0 || n > 1<<20 { // what is not written yet takes no block on some file systems
		t.Errorf("%d bytes on disk, %v", n, err)
	}
}
