package columnar

import (
	"context"
	"io"
	"log/slog"
	"testing"

	"github.com/heddle-io/heddle/storage"
	"github.com/heddle-io/heddle/storage/columnar/wal"
	"github.com/heddle-io/heddle/storage/storagetest"
	"github.com/heddle-io/heddle/storage/vfs"
)

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// diskOptions are those of a small store in memory-backed files.
func diskOptions() DiskOptions {
	return DiskOptions{
		Dir: "/data", FS: vfs.NewMem(), SealRows: 100, GroupRows: 128, PartRows: 1000,
		Retention: Retention{MinFreeBytes: -1}, Logger: quiet(), Durability: wal.Sync, keepTwins: true,
	}
}

func openDisk(t testing.TB, o DiskOptions) *Store {
	t.Helper()
	s, err := OpenDisk(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// flushed writes everything that is in memory as parts before each read.
type flushed struct{ *Store }

func (f flushed) flush() {
	f.mu.Lock()
	f.sealAll()
	f.mu.Unlock()
	_ = f.disk.flushAll(context.Background())
}

func TestDiskConformance(t *testing.T) {
	for name, change := range map[string]func(*DiskOptions){
		"mixed":     func(*DiskOptions) {},
		"head only": func(o *DiskOptions) { o.SealRows = 65536 },
		"tiny":      func(o *DiskOptions) { o.SealRows, o.GroupRows, o.PartRows = 7, 16, 64 },
		"real disk": func(o *DiskOptions) { o.FS = vfs.OS },
	} {
		if testing.Short() && name != "mixed" {
			continue // the same goroutines meet in all
		}
		t.Run(name, func(t *testing.T) {
			storagetest.Run(t, func(t *testing.T) storage.Store {
				o := diskOptions()
				change(&o)
				if o.FS == vfs.OS {
					o.Dir = t.TempDir()
				}
				return openDisk(t, o)
			})
		})
	}
}
