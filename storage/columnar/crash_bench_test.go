//go:build linux

package columnar

import (
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/heddle-io/heddle/storage/columnar/manifest"
)

// BenchmarkReplay opens a store whose log has 150,000 spans that are in no
// part. MB are those of the requests as they were sent.
func BenchmarkReplay(b *testing.B) {
	dir := filepath.Join(b.TempDir(), "killed")
	bodies, size := meshBodies(b, 300), 0
	for _, body := range bodies {
		size += len(body)
	}
	spans := unflushed(b, dir, bodies, 0)
	b.SetBytes(int64(size))
	b.ReportAllocs()
	var took time.Duration
	from := cpuTime()
	for b.Loop() {
		b.StopTimer()
		took -= cpuTime()
		copied := filepath.Join(b.TempDir(), "copy")
		if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
			b.Fatal(err)
		}
		o := realOptions(b, copied)
		took += cpuTime()
		b.StartTimer()
		s := openDisk(b, o)
		b.StopTimer()
		took -= cpuTime()
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		if err := os.RemoveAll(copied); err != nil {
			b.Fatal(err)
		}
		took += cpuTime()
		b.StartTimer()
	}
	b.ReportMetric(float64(cpuTime()-from-took)/float64(b.N)/float64(spans), "cpu-ns/span")
	b.ReportMetric(float64(b.N)*float64(spans)/b.Elapsed().Seconds(), "spans/s")
}

// BenchmarkMerge merges eight parts of 65,536 spans each.
func BenchmarkMerge(b *testing.B) {
	o := realOptions(b, filepath.Join(b.TempDir(), "store"))
	now := time.Unix(0, modelEpoch)
	o.now = func() time.Time { return now }
	s := openDisk(b, o)
	m := newMesh()
	for range 8 {
		for range 128 {
			if _, err := s.Spans().WriteSpans(b.Context(), m.request(16, 32)); err != nil {
				b.Fatal(err)
			}
		}
		flushed{s}.flush()
	}
	job := &mergeJob{parts: s.disk.current.spans, level: 1}
	spans, bytes := 0, int64(0)
	var files []*partFile
	for _, p := range job.parts {
		spans, bytes = spans+int(p.Rows), bytes+int64(p.Bytes)
		f, err := p.open()
		if err != nil {
			b.Fatal(err)
		}
		files = append(files, f)
	}
	b.ReportAllocs()
	from := cpuTime()
	for b.Loop() {
		m := mergeRun{d: s.disk, job: job, files: files, deleted: map[*tombstone]uint64{}}
		p, err := s.disk.writePart(manifest.Part{Signal: manifest.Spans, Hour: 1}, func(w io.Writer) (*summary, error) { return m.spans(b.Context(), w) })
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(p.Bytes)/float64(p.Rows), "B/span")
		s.disk.discard(p)
	}
	b.ReportMetric(float64(cpuTime()-from)/float64(b.N)/float64(spans), "cpu-ns/span")
	b.ReportMetric(float64(bytes)/float64(spans), "B/span-before")
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}
