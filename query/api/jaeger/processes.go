package jaeger

import (
	"encoding/binary"

	"github.com/heddle-io/heddle/query/api/jaeger/filter"
	"github.com/heddle-io/heddle/storage"
)

func shownService(name string) string {
	if name == "" {
		return filter.NoServiceName
	}
	return name
}

// processes numbers the distinct resources of a trace in the order of their
// first use. A store hands out one table entry per part in which a resource
// occurs, so distinct means by attributes.
type processes struct {
	content []uint32 // ResourceTable index -> number of its content
	numbers []int32  // content -> number in the current trace, 0 when unused
	used    []uint32 // a ResourceTable index for each number in use
}

func newProcesses(s *storage.Spans) processes {
	p := processes{content: make([]uint32, len(s.ResourceTable))}
	known := make(map[string]uint32, len(s.ResourceTable))
	var key []byte
	for i := range s.ResourceTable {
		key = key[:0]
		for _, a := range s.List(s.ResourceTable[i].Attributes) {
			key = binary.LittleEndian.AppendUint32(key, a.Key)
			key = append(key, byte(a.Type))
			key = binary.LittleEndian.AppendUint64(key, a.Bits)
		}
		n, ok := known[string(key)]
		if !ok {
			n = uint32(len(known))
			known[string(key)] = n
		}
		p.content[i] = n
	}
	p.numbers = make([]int32, len(known))
	return p
}

// reset begins a new trace.
func (p *processes) reset() {
	for _, resource := range p.used {
		p.numbers[p.content[resource]] = 0
	}
	p.used = p.used[:0]
}

func (p *processes) number(resource uint32) int32 {
	n := &p.numbers[p.content[resource]]
	if *n == 0 {
		p.used = append(p.used, resource)
		*n = int32(len(p.used))
	}
	return *n
}
