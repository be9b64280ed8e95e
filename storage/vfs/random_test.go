package vfs_test

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"

	"github.com/heddle-io/heddle/storage/vfs"
)

// playRandomly does random things to a few files and tells what came of each.
func playRandomly(seed uint64, fsys vfs.FS, dir string) (told []string) {
	rng := rand.New(rand.NewPCG(seed, 0))
	open := map[string]vfs.File{}
	defer func() {
		for _, f := range open {
			f.Close()
		}
	}()
	for range 200 {
		name, other := fmt.Sprint("f", rng.IntN(4)), fmt.Sprint("f", rng.IntN(4))
		path := filepath.Join(dir, name)
		f := open[name]
		var did string
		var err error
		switch k := rng.IntN(9); {
		case k == 0:
			did = "rename to " + other
			err = fsys.Rename(path, filepath.Join(dir, other))
		case k == 1:
			did = "remove"
			err = fsys.Remove(path)
		case k == 2:
			b, readErr := vfs.ReadFile(fsys, path, 1<<20)
			did, err = fmt.Sprintf("read %x", b), readErr
		case k == 3:
			list, readErr := fsys.ReadDir(dir)
			did, err = fmt.Sprint("list ", list), readErr
		case f == nil:
			did = "create"
			if f, err = fsys.Create(path); err == nil {
				open[name] = f
			}
		case k < 7:
			n, writeErr := f.Write(make([]byte, rng.IntN(2000)))
			did, err = fmt.Sprint("write ", n, f.Size()), writeErr
		case k == 7:
			size := rng.Int64N(4000)
			did, err = fmt.Sprint("truncate ", size), f.Truncate(size)
		default:
			did, err = "close", f.Close()
			delete(open, name)
		}
		outcome := "ok"
		switch {
		case errors.Is(err, fs.ErrNotExist):
			outcome = "not there"
		case errors.Is(err, fs.ErrExist):
			outcome = "there already"
		case err != nil:
			outcome = "failed"
		}
		told = append(told, fmt.Sprint(name, ": ", did, ": ", outcome))
	}
	return told
}
