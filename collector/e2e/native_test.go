package e2e

import (
	"encoding/binary"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// skeleton is a trace's shape as the native API tells it.
type skeleton struct {
	header  skeletonHeader
	ids     []string // by row
	parents []int32
	flags   []uint16
}

type skeletonHeader struct {
	TraceID    string `json:"traceId"`
	Start      string `json:"startUnixNano"`
	DurationNs int64  `json:"durationNs"`
	Rows       int    `json:"rows"`
	Errors     int    `json:"errors"`
	Orphans    int    `json:"orphans"`
	Roots      int    `json:"roots"`
	Conflicts  int    `json:"conflicts"`
	Duplicates int    `json:"duplicates"`
	Columns    []struct {
		Name, Type string
		Offset     int
	} `json:"columns"`
}

// Bits of the column flags.
const (
	flagOrphan          = 1 << 1
	flagRoot            = 1 << 2
	flagSharedID        = 1 << 4
	flagEndsBeforeStart = 1 << 7
)

// hasTrace says whether a trace is stored.
func (s *server) hasTrace(t *testing.T, traceID string) bool {
	t.Helper()
	res := s.get(t, "/heddle/v1/traces/"+traceID+"/skeleton")
	if res.code != http.StatusOK && res.code != http.StatusNotFound {
		t.Fatalf("skeleton of %s: status %d: %s", traceID, res.code, res.body)
	}
	return res.code == http.StatusOK
}

func (s *server) skeleton(t *testing.T, traceID string) skeleton {
	t.Helper()
	res := s.get(t, "/heddle/v1/traces/"+traceID+"/skeleton")
	if res.code != http.StatusOK {
		t.Fatalf("skeleton of %s: status %d: %s", traceID, res.code, res.body)
	}
	if got := res.header.Get("Content-Type"); got != "application/vnd.heddle.skeleton" {
		t.Errorf("skeleton: content type %q", got)
	}
	b := res.body
	if len(b) < 8 || string(b[:4]) != "HSK1" {
		t.Fatalf("skeleton of %s does not begin with its magic: %.20q", traceID, b)
	}
	end := 8 + int(binary.LittleEndian.Uint32(b[4:]))
	var k skeleton
	decodeJSON(t, "skeleton header", b[8:end], &k.header)
	body := b[(end+7)/8*8:]
	for _, c := range k.header.Columns {
		column := body[c.Offset:]
		for row := range k.header.Rows {
			switch c.Name {
			case "id":
				k.ids = append(k.ids, hex.EncodeToString(column[8*row:8*row+8]))
			case "parent":
				k.parents = append(k.parents, int32(binary.LittleEndian.Uint32(column[4*row:])))
			case "flags":
				k.flags = append(k.flags, binary.LittleEndian.Uint16(column[2*row:]))
			}
		}
	}
	return k
}

// nativeTrace returns the spans of a trace in display order.
func (s *server) nativeTrace(t *testing.T, traceID string) []span {
	t.Helper()
	k := s.skeleton(t, traceID)
	ids := slices.Compact(slices.Sorted(slices.Values(k.ids)))
	if k.header.TraceID != traceID {
		t.Errorf("skeleton of %s: says it is %s", traceID, k.header.TraceID)
	}
	const atOnce = 500
	var spans []span
	for chunk := range slices.Chunk(ids, atOnce) {
		var answer struct{ Spans []span }
		s.getJSON(t, "/heddle/v1/traces/"+traceID+"/spans?id="+strings.Join(chunk, ","), &answer)
		spans = append(spans, answer.Spans...)
	}
	if len(spans) != k.header.Rows {
		t.Errorf("trace %s: %d spans in the skeleton, %d in detail", traceID, k.header.Rows, len(spans))
	}
	return spans
}

type nativeStatus struct {
	Version      string `json:"version"`
	Spans        int64  `json:"spans"`
	Bytes        int64  `json:"bytes"`
	EvictedSpans int64  `json:"evictedSpans"`
}

func (s *server) status(t *testing.T) (st nativeStatus) {
	t.Helper()
	s.getJSON(t, "/heddle/v1/status", &st)
	return st
}

type traceSummary struct {
	TraceID     string `json:"traceId"`
	RootService string `json:"rootService"`
	RootName    string `json:"rootName"`
	Start       string `json:"startUnixNano"`
	DurationNs  int64  `json:"durationNs"`
	Spans       int    `json:"spans"`
	Errors      int    `json:"errors"`
	Orphans     int    `json:"orphans"`
	Matched     int    `json:"matchedSpans"`
}

// searchNative searches with a query string; more says that the answer is not
// all there is.
func (s *server) searchNative(t *testing.T, query string) (traces []traceSummary, more bool) {
	t.Helper()
	var answer struct {
		Traces []traceSummary
		More   bool
	}
	s.getJSON(t, "/heddle/v1/traces?"+query, &answer)
	return answer.Traces, answer.More
}
