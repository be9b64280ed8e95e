package wal

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/heddle-io/heddle/storage/vfs"
)

// TestMain finds logs whose goroutine did not end.
func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 && !eventually(func() bool { return !strings.Contains(goroutines(), "(*committer).run") }) {
		fmt.Fprintf(os.Stderr, "a committer is still running:\n%s", goroutines())
		code = 1
	}
	os.Exit(code)
}

func goroutines() string {
	b := make([]byte, 1<<20)
	return string(b[:runtime.Stack(b, true)])
}

// eventually polls with a generous deadline.
func eventually(done func() bool) bool {
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if done() {
			return true
		}
	}
	return false
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func open(t testing.TB, fsys vfs.FS, opts Options) (*Log, Recovery) {
	t.Helper()
	l, rec, err := Open(fsys, "data/wal", opts)
	must(t, err)
	return l, rec
}

// openClean wants the log to be without damage.
func openClean(t testing.TB, fsys vfs.FS, opts Options) *Log {
	t.Helper()
	l, rec := open(t, fsys, opts)
	if !rec.Clean() {
		t.Fatalf("the log is damaged: %+v", rec)
	}
	return l
}

// add enqueues a payload and waits for it.
func add(t testing.TB, l *Log, payload string) uint64 {
	t.Helper()
	lsn, err := l.Enqueue(1, 2, "default", []byte(payload))
	must(t, err)
	must(t, l.Wait(context.Background(), lsn))
	return lsn
}

// payloadOf is a payload that names its number and has a size.
func payloadOf(n, size int) string {
	s := fmt.Sprintf("record %d ", n)
	return s + strings.Repeat("x", max(size-len(s), 0))
}

// replay lists what is in a log as "lsn=payload".
func replay(t testing.TB, l *Log, from uint64) (list []string) {
	t.Helper()
	must(t, l.Replay(from, nil, func(r Record) error {
		list = append(list, fmt.Sprintf("%d=%s", r.LSN, bytes.TrimRight(r.Payload, "x")))
		return nil
	}))
	return list
}
