package demo

import (
	"google.golang.org/protobuf/encoding/protowire"
)

const (
	slotLength = int64(100e6) // the grain of simulated time
	slotCount  = 1024         // spans may end this many slots ahead
	batchSpans = 512          // an SDK's default batch
)

// batcher stands for the exporters of all pods. A span waits until it has
// ended, then in its process until the batch leaves. Every application and
// every proxy sends its own batches, so a trace arrives in pieces, out of
// order and late.
//
// Time is simulated: nothing here reads a clock, and the same spans leave in
// the same batches in the same order every time.
type batcher struct {
	sources []source
	wheel   [slotCount]slot
	spare   []slot // emptied slots, whose memory the next ones use
	now     int64  // start of the current slot, a multiple of slotLength
	stretch int64  // how many times longer than usual batches wait

	// send takes over a finished ExportTraceServiceRequest.
	send func(body []byte, spans int)
	// buffer returns an empty buffer to build a request in.
	buffer func() []byte
}

// source is one exporting process: an application or a proxy.
type source struct {
	resource []byte // field 1 of ResourceSpans
	schema   []byte // field 3 of ResourceSpans
	scopes   [scopeCount][]byte
	delay    int64 // how long a batch waits after its first span

	spans [scopeCount][]byte // spans so far, as fields of ScopeSpans
	count int
	due   int64
}

// slot holds the spans that end within it.
type slot struct {
	data    []byte
	entries []entry
}

type entry struct {
	source int32
	scope  scope
	size   int32
}

func newBatcher(w *world, start int64) *batcher {
	b := &batcher{now: start - start%slotLength, stretch: 1}
	for _, p := range w.pods {
		spread := int64(mix(uint64(p.index)) % 1500)
		if p.svc != w.gateway {
			p.appSource = b.addSource(appResource(p), schemaURL, p, (1000+spread)*1e6)
			if p.svc.faas { // frozen after the answer, it sends when the next request thaws it
				b.sources[p.appSource].delay *= 8
			}
		}
		if p.svc.mesh != meshNone {
			p.proxySource = b.addSource(proxyResource(p), "", p, (800+spread)*1e6)
		}
	}
	return b
}

func (b *batcher) addSource(resource []byte, schema string, p *pod, delay int64) int {
	s := source{resource: appendText(nil, 1, resource), delay: delay}
	if schema != "" {
		s.schema = appendText(nil, 3, schema)
		for sc := range scopeProxy {
			s.scopes[sc] = scopeHeader(p, sc)
		}
	}
	b.sources = append(b.sources, s)
	return len(b.sources) - 1
}

// add implements [spanSink].
func (b *batcher) add(source int, sc scope, end int64, span []byte) {
	ahead := min(max((end-b.now)/slotLength, 0), slotCount-1)
	s := &b.wheel[(b.now/slotLength+ahead)%slotCount]
	if s.data == nil && len(b.spare) > 0 {
		last := len(b.spare) - 1
		*s, b.spare = b.spare[last], b.spare[:last]
	}
	s.data = append(s.data, span...)
	s.entries = append(s.entries, entry{int32(source), sc, int32(len(span))})
}

// step lets one slot of time pass: its spans end, and batches that are due
// leave.
func (b *batcher) step() {
	s := &b.wheel[b.now/slotLength%slotCount]
	b.now += slotLength
	data := s.data
	for _, e := range s.entries {
		src := &b.sources[e.source]
		src.spans[e.scope] = appendText(src.spans[e.scope], 2, data[:e.size])
		data = data[e.size:]
		if src.count++; src.count == 1 {
			src.due = b.now + src.delay*b.stretch
		}
		if src.count == batchSpans {
			b.flush(src)
		}
	}
	if s.data != nil {
		b.spare = append(b.spare, slot{s.data[:0], s.entries[:0]})
		*s = slot{}
	}
	for i := range b.sources {
		if src := &b.sources[i]; src.count > 0 && src.due <= b.now {
			b.flush(src)
		}
	}
}

// drain sends everything that is left, ended or not.
func (b *batcher) drain() {
	for range slotCount {
		b.step()
	}
	for i := range b.sources {
		if src := &b.sources[i]; src.count > 0 {
			b.flush(src)
		}
	}
}

// flush sends one source's batch as a request of its own.
func (b *batcher) flush(src *source) {
	size := len(src.resource) + len(src.schema)
	for sc, spans := range src.spans {
		if len(spans) > 0 {
			size += textSize(len(src.scopes[sc]) + len(spans))
		}
	}
	body := protowire.AppendTag(b.buffer(), 1, protowire.BytesType)
	body = protowire.AppendVarint(body, uint64(size))
	body = append(body, src.resource...)
	for sc, spans := range src.spans {
		if len(spans) == 0 {
			continue
		}
		body = protowire.AppendTag(body, 2, protowire.BytesType)
		body = protowire.AppendVarint(body, uint64(len(src.scopes[sc])+len(spans)))
		body = append(append(body, src.scopes[sc]...), spans...)
		src.spans[sc] = spans[:0]
	}
	body = append(body, src.schema...)
	n := src.count
	src.count = 0
	b.send(body, n)
}
