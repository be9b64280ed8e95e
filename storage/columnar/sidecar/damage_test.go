package sidecar

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/heddle-io/heddle/storage/storagetest"
)

// TestEveryFlippedByteIsFound: whatever byte is damaged, Verify says so, and
// whatever can still be read is what was written.
func TestEveryFlippedByteIsFound(t *testing.T) {
	storagetest.Long(t)
	c, _ := mesh(300, 100e9, 3)
	c.Extra["x"] = []byte("blob")
	good := encode(t, c)
	want := must[*Contents](t)(everything(open(t, good)))
	wantBytes := encode(t, want)
	b := bytes.Clone(good)
	for i := range b {
		b[i] ^= 1 << (i % 8)
		x, err := Open(bytes.NewReader(b), int64(len(b)))
		if err == nil {
			err = x.Verify()
			got, readErr := everything(x)
			if readErr == nil && !bytes.Equal(encode(t, got), wantBytes) {
				t.Fatalf("byte %d: something else was read, without an error", i)
			}
			if readErr != nil && !errors.Is(readErr, ErrCorrupt) {
				t.Fatalf("byte %d: %v", i, readErr)
			}
			for _, trace := range c.Traces[:3] {
				if runs, err := x.Lookup(trace.Fingerprint); err == nil && (len(runs) != 1 || runs[0] != trace.Run) {
					t.Fatalf("byte %d: trace found at %v", i, runs)
				}
			}
		}
		if !errors.Is(err, ErrCorrupt) {
			t.Fatalf("byte %d of %d: %v", i, len(b), err)
		}
		b[i] = good[i]
	}
}

func TestEveryTruncationIsFound(t *testing.T) {
	b := encode(t, sample())
	for n := range b {
		if _, err := Open(bytes.NewReader(b[:n]), int64(n)); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("%d of %d bytes: %v", n, len(b), err)
		}
	}
	// Shorter than it is said to be.
	for n := range b {
		x, err := Open(bytes.NewReader(b[:n]), int64(len(b)))
		if err == nil {
			err = x.Verify()
		}
		if !errors.Is(err, ErrCorrupt) {
			t.Fatalf("%d of %d bytes: %v", n, len(b), err)
		}
	}
}

func TestOtherVersions(t *testing.T) {
	b := encode(t, sample())
	for _, body := range []int{0, bodySize, bodySize + 1000} {
		future := append(bytes.Clone(b[:len(b)-bodySize-trailerSize]), make([]byte, body)...)
		from := len(future) - body
		future = binary.LittleEndian.AppendUint32(future, uint32(body))
		future = binary.LittleEndian.AppendUint32(future, version+1)
		future = append(appendCRC(future, from), magic...)
		if _, err := Open(bytes.NewReader(future), int64(len(future))); !errors.Is(err, ErrVersion) {
			t.Errorf("a footer of %d bytes: %v", body, err)
		}
	}
}
