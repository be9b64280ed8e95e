package native

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"net/http"
	"strconv"

	"github.com/heddle-io/heddle/query/trace"
)

// The skeleton payload; openapi.yaml describes it.
const (
	skeletonMagic = "HSK1"
	skeletonType  = "application/vnd.heddle.skeleton"
)

type skeletonHeader struct {
	TraceID    string           `json:"traceId"`
	Start      string           `json:"startUnixNano"`
	DurationNs int64            `json:"durationNs"`
	Rows       int              `json:"rows"`
	Services   []serviceCount   `json:"services"`
	Operations []string         `json:"operations"`
	Hosts      []skeletonHost   `json:"hosts"`
	Columns    []skeletonColumn `json:"columns"`
	Errors     int              `json:"errors"`
	Orphans    int              `json:"orphans"`
	Conflicts  int              `json:"conflicts"`
	Duplicates int              `json:"duplicates"`
	Roots      int              `json:"roots"`
	Segments   int              `json:"segments"`
	Notes      []string         `json:"notes,omitempty"`
	// Corrected is the extent of the trace with the hosts' skew taken out; nil
	// where no skew is known.
	Corrected *skeletonExtent `json:"corrected,omitempty"`
}

type skeletonExtent struct {
	OffsetNs   int64 `json:"offsetNs"` // of its start, from the start of the trace
	DurationNs int64 `json:"durationNs"`
}

type skeletonHost struct {
	Name   string `json:"name"`
	SkewNs int64  `json:"skewNs,omitempty"`
}

type skeletonColumn struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	Offset int    `json:"offset"`
}

func (a *api) skeleton(w http.ResponseWriter, r *http.Request) {
	t, err := a.getTrace(r)
	if err != nil {
		writeError(w, err)
		return
	}
	body, err := encodeSkeleton(t)
	if err != nil {
		writeError(w, err)
		return
	}
	w.Header().Set("Content-Type", skeletonType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Write(body)
}

// encodeSkeleton writes the payload for a trace: about 35 bytes a span.
func encodeSkeleton(t *trace.Trace) ([]byte, error) {
	n := t.Len()
	h := skeletonHeader{
		TraceID: t.ID.String(), Start: strconv.FormatInt(t.StartNs, 10), DurationNs: t.DurationNs(), Rows: n,
		Services: serviceCounts(t.Services()),
		Errors:   t.Errors, Orphans: t.Orphans, Conflicts: t.Conflicts, Duplicates: t.Duplicates, Roots: t.Roots,
		Segments: t.Segments, Notes: t.Notes(),
	}
	skewed := false
	for _, host := range t.HostTable {
		h.Hosts = append(h.Hosts, skeletonHost{host.Name, host.SkewNs})
		skewed = skewed || host.SkewNs != 0
	}
	if skewed {
		start, end := t.CorrectedExtent()
		h.Corrected = &skeletonExtent{start - t.StartNs, end - start}
	}
	serviceIndex := make(map[string]uint32, len(h.Services))
	for i, s := range h.Services {
		serviceIndex[s.Name] = uint32(i)
	}
	services, operations := make([]uint32, n), make([]uint32, n)
	byResource, byName := map[uint32]uint32{}, map[uint32]uint32{}
	for p, row := range t.Rows {
		resource, name := t.Spans.Resources[row], t.Spans.Names[row]
		service, ok := byResource[resource]
		if !ok {
			service = serviceIndex[t.Spans.ServiceOf(resource)]
			byResource[resource] = service
		}
		operation, ok := byName[name]
		if !ok {
			operation = uint32(len(h.Operations))
			byName[name] = operation
			h.Operations = append(h.Operations, t.Spans.Strings[name])
		}
		services[p], operations[p] = service, operation
	}

	c := columnWriter{body: make([]byte, 0, 40*n)}
	c.begin("start", "f64")
	for _, row := range t.Rows {
		c.u64(math.Float64bits(float64(t.Spans.StartsNs[row] - t.StartNs)))
	}
	c.begin("duration", "f64")
	for _, row := range t.Rows {
		c.u64(math.Float64bits(float64(t.Spans.DurationsNs[row])))
	}
	c.begin("id", "u64")
	for _, row := range t.Rows {
		c.body = append(c.body, t.Spans.SpanIDs[row][:]...)
	}
	c.begin("parent", "i32")
	for _, parent := range t.Parents {
		c.body = binary.LittleEndian.AppendUint32(c.body, uint32(parent))
	}
	c.indices("operation", operations, len(h.Operations))
	c.indices("service", services, len(h.Services))
	c.indices("host", t.Hosts, len(h.Hosts))
	c.begin("flags", "u16")
	for _, f := range t.Flags {
		c.body = binary.LittleEndian.AppendUint16(c.body, uint16(f))
	}
	c.begin("kind", "u8")
	for _, row := range t.Rows {
		c.body = append(c.body, t.Spans.Kinds[row])
	}
	h.Columns = c.columns

	header, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, 16+len(header)+len(c.body))
	out = append(out, skeletonMagic...)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(header)))
	out = pad(append(out, header...))
	return append(out, c.body...), nil
}

// columnWriter lays columns one after the other, each at a multiple of 8.
type columnWriter struct {
	body    []byte
	columns []skeletonColumn
}

func (c *columnWriter) begin(name, typ string) {
	c.body = pad(c.body)
	c.columns = append(c.columns, skeletonColumn{name, typ, len(c.body)})
}

func (c *columnWriter) u64(v uint64) { c.body = binary.LittleEndian.AppendUint64(c.body, v) }

// indices writes indices into a table of the given size in the narrowest type.
func (c *columnWriter) indices(name string, values []uint32, size int) {
	switch {
	case size <= math.MaxUint8+1:
		c.begin(name, "u8")
		for _, v := range values {
			c.body = append(c.body, uint8(v))
		}
	case size <= math.MaxUint16+1:
		c.begin(name, "u16")
		for _, v := range values {
			c.body = binary.LittleEndian.AppendUint16(c.body, uint16(v))
		}
	default:
		c.begin(name, "u32")
		for _, v := range values {
			c.body = binary.LittleEndian.AppendUint32(c.body, v)
		}
	}
}

func pad(b []byte) []byte {
	for len(b)%8 != 0 {
		b = append(b, 0)
	}
	return b
}
