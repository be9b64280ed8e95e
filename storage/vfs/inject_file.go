package vfs

import "errors"

type faultyReader struct {
	Reader
	fs   *faultyFS
	path string
}

func (f *faultyReader) ReadAt(p []byte, off int64) (int, error) {
	err := f.fs.hook(Op{Kind: OpRead, Path: f.path, Offset: off, Bytes: int64(len(p))})
	var flip *BitFlipError
	if err != nil && !errors.As(err, &flip) {
		return 0, err
	}
	n, err := f.Reader.ReadAt(p, off)
	if flip != nil && n > 0 {
		bit := flip.Bit % (int64(n) * 8)
		p[bit/8] ^= 1 << (bit % 8)
	}
	return n, err
}

type faultyFile struct {
	faultyReader
	file File
}

func (f *faultyFile) Write(p []byte) (int, error) {
	err := f.fs.hook(Op{Kind: OpWrite, Path: f.path, Offset: f.file.Size(), Bytes: int64(len(p))})
	var short *ShortWriteError
	switch {
	case err == nil:
		return f.file.Write(p)
	case errors.As(err, &short):
		n, writeErr := f.file.Write(p[:min(short.Bytes, len(p))])
		if writeErr != nil {
			return n, writeErr
		}
		return n, short.Err
	}
	return 0, err
}

func (f *faultyFile) Truncate(size int64) error {
	if err := f.fs.hook(Op{Kind: OpTruncate, Path: f.path, Offset: size}); err != nil {
		return err
	}
	return f.file.Truncate(size)
}

func (f *faultyFile) Preallocate(bytes int64) error {
	if err := f.fs.hook(Op{Kind: OpPreallocate, Path: f.path, Offset: f.file.Size(), Bytes: bytes}); err != nil {
		return err
	}
	return f.file.Preallocate(bytes)
}

func (f *faultyFile) Sync() error {
	err := f.fs.hook(Op{Kind: OpSync, Path: f.path})
	if err == nil {
		return f.file.Sync()
	}
	if !errors.Is(err, ErrKilled) {
		f.failSync()
	}
	return err
}

// failSync tells a file in memory, also through a second Inject.
func (f *faultyFile) failSync() {
	if m, ok := f.file.(interface{ failSync() }); ok {
		m.failSync()
	}
}
