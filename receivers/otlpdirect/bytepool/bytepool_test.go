package bytepool_test

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"github.com/heddle-io/heddle/receivers/otlpdirect/bytepool"
)

func TestGetAndPut(t *testing.T) {
	for _, n := range []int{0, 1, 4095, 4096, 4097, 1 << 20, 1<<24 + 1} {
		b := bytepool.Pool.Get(n)
		if len(*b) != n {
			t.Errorf("%d bytes, want %d", len(*b), n)
		}
		*b = (*b)[:0]
		bytepool.Pool.Put(b)
		if again := bytepool.Pool.Get(n); len(*again) != n {
			t.Errorf("again: %d bytes, want %d", len(*again), n)
		}
	}
	odd := make([]byte, 5000) // stands in for 4096 and not for 8192
	bytepool.Pool.Put(&odd)
	if b := bytepool.Pool.Get(5000); cap(*b) < 5000 {
		t.Errorf("%d bytes of room", cap(*b))
	}
}

func TestReadAll(t *testing.T) {
	for _, n := range []int{0, 1, 511, 512, 4095, 4096, 100_000, 3 << 20} {
		text := bytes.Repeat([]byte("heddle "), n/7+1)[:n]
		for _, expected := range []int64{-1, 0, int64(n), int64(n) - 1, 1 << 40} {
			b, err := bytepool.ReadAll(iotest.HalfReader(bytes.NewReader(text)), expected)
			if err != nil || !bytes.Equal(*b, text) {
				t.Fatalf("%d of %d bytes, %v", len(*b), n, err)
			}
			bytepool.Pool.Put(b)
		}
	}
	broken := errors.New("broken")
	if b, err := bytepool.ReadAll(io.MultiReader(bytes.NewReader(make([]byte, 10_000)), iotest.ErrReader(broken)), -1); b != nil || !errors.Is(err, broken) {
		t.Errorf("%v, %v", b, err)
	}
}

// Once the buffers are there, reading takes no more memory.
func BenchmarkReadAll(b *testing.B) {
	text := make([]byte, 300_000)
	r := bytes.NewReader(nil)
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		r.Reset(text)
		buffer, err := bytepool.ReadAll(r, -1)
		if err != nil {
			b.Fatal(err)
		}
		bytepool.Pool.Put(buffer)
	}
}
