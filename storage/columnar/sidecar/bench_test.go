package sidecar

import (
	"bytes"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/heddle-io/heddle/storage"
)

var parts = []struct {
	name   string
	rows   int
	length int64
}{{"64k_10s", 64 << 10, 10e9}, {"1M_1h", 1 << 20, 3600e9}}

// inFile writes an index to a file, so that reads are system calls.
func inFile(b *testing.B, c *Contents) *Index {
	b.Helper()
	name := filepath.Join(b.TempDir(), "x.idx")
	raw := encode(b, c)
	if err := os.WriteFile(name, raw, 0o600); err != nil {
		b.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { f.Close() })
	return must[*Index](b)(Open(f, int64(len(raw))))
}

// BenchmarkWrite also says what each section takes.
func BenchmarkWrite(b *testing.B) {
	for _, p := range parts {
		b.Run(p.name, func(b *testing.B) {
			c, spans := mesh(p.rows, p.length, 1)
			raw := encode(b, c)
			x := open(b, raw)
			b.ReportAllocs()
			for b.Loop() {
				if err := Write(io.Discard, c); err != nil {
					b.Fatal(err)
				}
			}
			n := float64(len(spans))
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/span")
			b.ReportMetric(float64(len(raw))/n, "B/span")
			for id, s := range x.sections {
				b.ReportMetric(float64(s.length)/n, sectionID(id).String()+"-B/span")
			}
			b.ReportMetric(float64(x.sections[sectionTraces].length)/float64(len(c.Traces)), "B/trace")
			b.ReportMetric(float64(x.sections[sectionRED].length)/float64(len(c.RED.Cells)), "B/cell")
			b.ReportMetric(n/float64(len(c.RED.Cells)), "spans/cell")
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	c, _ := mesh(64<<10, 10e9, 1)
	raw := encode(b, c)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Open(bytes.NewReader(raw), int64(len(raw))); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLookup(b *testing.B) {
	for _, p := range parts {
		c, _ := mesh(p.rows, p.length, 1)
		x := inFile(b, c)
		for name, miss := range map[string]uint64{"hit": 0, "miss": 1} {
			b.Run(p.name+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					runs, err := x.Lookup(c.Traces[i*7919%len(c.Traces)].Fingerprint + miss)
					if err != nil || len(runs) != int(1-miss) {
						b.Fatal(runs, err)
					}
				}
			})
		}
	}
}

func BenchmarkTraceBlocks(b *testing.B) {
	c, _ := mesh(1<<20, 3600e9, 1)
	x := inFile(b, c)
	b.ReportAllocs()
	for b.Loop() {
		for _, err := range x.TraceBlocks(0) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(c.Traces)), "ns/run")
}

func BenchmarkMayContain(b *testing.B) {
	c, _ := mesh(64<<10, 10e9, 1)
	x := inFile(b, c)
	r := rand.New(rand.NewPCG(9, 9))
	b.Run("page", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := x.MayContain(0, r.Uint64()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("load", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			f, err := x.LoadFilter(0)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(f.Bytes()))
		}
	})
	f := must[*Filter](b)(x.LoadFilter(0))
	b.Run("loaded", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			f.MayContain(r.Uint64())
		}
	})
	hashes := make([]uint64, 64<<10)
	for i := range hashes {
		hashes[i] = r.Uint64()
	}
	b.Run("build", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			NewFilter(hashes, 0, 0)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(hashes)), "ns/hash")
	})
}

func BenchmarkRED(b *testing.B) {
	for _, p := range parts {
		c, spans := mesh(p.rows, p.length, 1)
		x := inFile(b, c)
		perCell := func(b *testing.B) {
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(c.RED.Cells)), "ns/cell")
		}
		b.Run(p.name+"/observe", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var red REDBuilder
				for i := range spans {
					s := &spans[i]
					red.Observe(red.Series(s.series), s.start, s.dur)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(spans)), "ns/span")
		})
		b.Run(p.name+"/series", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := x.RED(); err != nil {
					b.Fatal(err)
				}
			}
		})
		red := must[*RED](b)(x.RED())
		sums := make([]Measures, len(red.Series))
		b.Run(p.name+"/numbers", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for m, err := range red.Scan(math.MinInt64, math.MaxInt64) {
					if err != nil {
						b.Fatal(err)
					}
					for i, s := range m.Series {
						sums[s].Merge(m.Measures[i])
					}
				}
			}
			perCell(b)
		})
		histograms := make([]storage.ExpHistogram, len(red.Series))
		b.Run(p.name+"/histograms", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for m, err := range red.Scan(math.MinInt64, math.MaxInt64) {
					if err != nil {
						b.Fatal(err)
					}
					for i, s := range m.Series {
						if err := m.MergeHistogram(i, &histograms[s]); err != nil {
							b.Fatal(err)
						}
					}
				}
			}
			perCell(b)
		})
	}
}

func BenchmarkEdges(b *testing.B) {
	c, _ := mesh(1<<20, 3600e9, 1)
	x := inFile(b, c)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := x.Edges(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(c.Edges.List)), "ns/edge")
	b.ReportMetric(float64(x.sections[sectionEdges].length)/float64(len(c.Edges.List)), "B/edge")
}
