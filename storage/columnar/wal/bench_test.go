package wal

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"

	"github.com/heddle-io/heddle/storage/vfs"
)

func randomPayload(size int) []byte {
	rng := rand.NewChaCha8([32]byte{1})
	b := make([]byte, size)
	rng.Read(b)
	return b
}

func openOnDisk(b *testing.B, dir string, opts Options) *Log {
	b.Helper()
	l, _, err := Open(vfs.OS, filepath.Join(dir, "wal"), opts)
	must(b, err)
	return l
}

// BenchmarkCommit writes 100 KB payloads (512 spans as they arrive compressed
// and then some) with so many callers waiting at once.
func BenchmarkCommit(b *testing.B) {
	payload := randomPayload(100_000)
	for _, durability := range []Durability{Sync, Interval, None} {
		for _, callers := range []int{1, 8, 64} {
			b.Run(fmt.Sprintf("%v/%d", durability, callers), func(b *testing.B) {
				l := openOnDisk(b, b.TempDir(), Options{Durability: durability})
				b.SetBytes(int64(len(payload)))
				b.ReportAllocs()
				var group sync.WaitGroup
				next := make(chan struct{}, callers)
				b.ResetTimer()
				for range callers {
					group.Go(func() {
						for range next {
							lsn, err := l.Enqueue(1, 1, "default", payload)
							if err == nil {
								err = l.Wait(context.Background(), lsn)
							}
							if err != nil {
								b.Error(err)
							}
						}
					})
				}
				for i := range b.N {
					next <- struct{}{}
					if i%1000 == 0 {
						l.Release(l.Stats().DurableLSN)
					}
				}
				close(next)
				group.Wait()
				b.StopTimer()
				s := l.Stats()
				b.ReportMetric(float64(s.Frames)/float64(s.Groups), "frames/group")
				if s.Syncs > 0 {
					b.ReportMetric(float64(s.SyncTime.Microseconds())/float64(s.Syncs), "µs/sync")
				}
				must(b, l.Close())
			})
		}
	}
}

// BenchmarkEnqueue is what a caller does under its own lock. The disk is a
// memory that keeps nothing.
func BenchmarkEnqueue(b *testing.B) {
	for _, size := range []int{1_000, 100_000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			l, _, err := Open(nowhere{vfs.NewMem()}, "wal", Options{})
			must(b, err)
			payload := randomPayload(size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := l.Enqueue(1, 1, "default", payload); err != nil {
					b.Fatal(err)
				}
			}
			must(b, l.Close())
		})
	}
}

// nowhere is a file system whose files keep nothing.
type nowhere struct{ vfs.FS }

func (n nowhere) OpenAppend(path string) (vfs.File, error) {
	f, err := n.FS.OpenAppend(path)
	return &nowhereFile{File: f, size: headerBytes}, err
}

type nowhereFile struct {
	vfs.File
	size int64
}

func (f *nowhereFile) Write(p []byte) (int, error) { f.size += int64(len(p)); return len(p), nil }
func (f *nowhereFile) Size() int64                 { return f.size }
func (f *nowhereFile) Sync() error                 { return nil }
func (f *nowhereFile) Truncate(int64) error        { return nil }

const benchmarkLog = 512 << 20

func writeLog(b *testing.B, dir string) {
	l := openOnDisk(b, dir, Options{Durability: None})
	payload := randomPayload(100_000)
	for range benchmarkLog / len(payload) {
		_, err := l.Enqueue(1, 1, "default", payload)
		must(b, err)
	}
	must(b, l.Close())
}

func BenchmarkReplay(b *testing.B) {
	dir := b.TempDir()
	writeLog(b, dir)
	l := openOnDisk(b, dir, Options{})
	b.SetBytes(benchmarkLog)
	b.ReportAllocs()
	for b.Loop() {
		read := 0
		must(b, l.Replay(1, nil, func(r Record) error { read += len(r.Payload); return nil }))
		if read < benchmarkLog-100_000 {
			b.Fatalf("%d bytes were read", read)
		}
	}
	must(b, l.Close())
}

func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	writeLog(b, dir)
	b.SetBytes(benchmarkLog)
	b.ReportAllocs()
	for b.Loop() {
		must(b, openOnDisk(b, dir, Options{}).Close())
	}
}
