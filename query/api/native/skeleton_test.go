package native

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"testing"

	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

// meshSpans makes one trace of n spans as a mesh writes them: some fifty
// services and hosts, a few thousand operations, one orphan and one error in a
// hundred.
func meshSpans(n int) *storage.Spans {
	b := storage.NewSpansBuilder(n)
	scope := b.AddScope(storage.InstrumentationScope{})
	var resources []uint32
	for i := range 50 {
		resources = append(resources, b.AddResource(storage.Resource{Attributes: b.AddAttrs(
			b.Attr("service.name", storage.String(fmt.Sprintf("service-%02d", i))),
			b.Attr("host.name", storage.String(fmt.Sprintf("node-%02d", i%12))))}))
	}
	for i := range n {
		f := storage.SpanFields{
			TraceID: storage.TraceID{15: 7}, StartNs: 1_700_000_000_000_000_000 + int64(i)*1001, DurationNs: int64(n-i) * 1003,
			Name: fmt.Sprintf("GET /api/items/%d", i%3000), Kind: uint8(1 + i%5), Resource: resources[i%50], Scope: scope,
		}
		binary.BigEndian.PutUint64(f.SpanID[:], uint64(i+1)*0x9e3779b97f4a7c15)
		if i > 0 {
			binary.BigEndian.PutUint64(f.ParentID[:], uint64((i-1)/4+1)*0x9e3779b97f4a7c15)
		}
		if i%100 == 50 {
			f.ParentID = storage.SpanID{1, 2, 3}
		}
		if i%100 == 60 {
			f.Status = 2
		}
		b.AddSpan(f)
	}
	return b.Spans()
}

// column reads one column of a payload as float64s; ids keep their bits.
func column(t *testing.T, h skeletonHeader, body []byte, name string) []uint64 {
	t.Helper()
	for _, c := range h.Columns {
		if c.Name != name {
			continue
		}
		if c.Offset%8 != 0 {
			t.Errorf("column %s starts at %d, not at a multiple of 8", name, c.Offset)
		}
		out := make([]uint64, h.Rows)
		for i := range out {
			switch at := body[c.Offset:]; c.Type {
			case "u8":
				out[i] = uint64(at[i])
			case "u16":
				out[i] = uint64(binary.LittleEndian.Uint16(at[2*i:]))
			case "u32", "i32":
				out[i] = uint64(binary.LittleEndian.Uint32(at[4*i:]))
			case "u64", "f64":
				out[i] = binary.LittleEndian.Uint64(at[8*i:])
			default:
				t.Fatalf("column %s has unknown type %s", name, c.Type)
			}
		}
		return out
	}
	t.Fatalf("no column %s", name)
	return nil
}

func decodeSkeleton(t *testing.T, payload []byte) (skeletonHeader, []byte) {
	t.Helper()
	if string(payload[:4]) != skeletonMagic {
		t.Fatalf("magic %q", payload[:4])
	}
	size := int(binary.LittleEndian.Uint32(payload[4:]))
	var h skeletonHeader
	if err := json.Unmarshal(payload[8:8+size], &h); err != nil {
		t.Fatal(err)
	}
	return h, payload[(8+size+7)/8*8:]
}

func TestSkeletonSaysWhatTheTraceSays(t *testing.T) {
	for _, n := range []int{1, 7, 300, 70_000} {
		s := meshSpans(n)
		tr := trace.Build(s)[0]
		payload, err := encodeSkeleton(tr)
		if err != nil {
			t.Fatal(err)
		}
		h, body := decodeSkeleton(t, payload)
		if h.Rows != n || h.Orphans != tr.Orphans || h.Errors != tr.Errors || h.Roots != 1 || h.Segments != 1 {
			t.Errorf("%d spans: header %+v", n, h)
		}
		get := func(name string) []uint64 { return column(t, h, body, name) }
		start, duration, id, parent := get("start"), get("duration"), get("id"), get("parent")
		operation, service, host, kind, flags := get("operation"), get("service"), get("host"), get("kind"), get("flags")
		for p, row := range tr.Rows {
			if got := math.Float64frombits(start[p]); got != float64(s.StartsNs[row]-tr.StartNs) {
				t.Fatalf("row %d starts at %v", p, got)
			}
			if got := math.Float64frombits(duration[p]); got != float64(s.DurationsNs[row]) {
				t.Fatalf("row %d lasts %v", p, got)
			}
			// The bytes stand as in the id's hex form, whatever the byte order of numbers.
			if got := fmt.Sprintf("%x", binary.LittleEndian.AppendUint64(nil, id[p])); got != s.SpanIDs[row].String() {
				t.Fatalf("row %d has id %s, want %s", p, got, s.SpanIDs[row])
			}
			if int32(uint32(parent[p])) != tr.Parents[p] || Flags(flags[p]) != tr.Flags[p] || uint8(kind[p]) != s.Kinds[row] {
				t.Fatalf("row %d: parent %d flags %b kind %d", p, int32(uint32(parent[p])), flags[p], kind[p])
			}
			if h.Operations[operation[p]] != s.Name(int(row)) || h.Services[service[p]].Name != s.Service(int(row)) || h.Hosts[host[p]].Name != tr.HostTable[tr.Hosts[p]].Name {
				t.Fatalf("row %d: operation, service or host differ", p)
			}
		}
	}
}

type Flags = trace.Flags

// The page must show 100,000 spans within 2.5 s; 4 MB is what that leaves for
// the way to it.
func TestSkeletonSize(t *testing.T) {
	payload, err := encodeSkeleton(trace.Build(meshSpans(100_000))[0])
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("100,000 spans: %d bytes", len(payload))
	if len(payload) > 4_000_000 {
		t.Errorf("100,000 spans take %d bytes, want at most 4 MB", len(payload))
	}
}

func BenchmarkSkeleton(b *testing.B) {
	for _, n := range []int{50, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			tr := trace.Build(meshSpans(n))[0]
			b.ReportAllocs()
			for b.Loop() {
				if _, err := encodeSkeleton(tr); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
