package trace

import (
	"cmp"
	"slices"

	"github.com/heddle-io/heddle/storage"
)

// Summary is what a list says of a trace. It is computed from the whole trace,
// so that the list agrees with the detail.
type Summary struct {
	ID          storage.TraceID
	RootService string // of Trace.First
	RootName    string
	RootMissing bool // no root is stored; RootService and RootName are of an orphan
	StartNs     int64
	DurationNs  int64
	Spans       int
	Errors      int
	Orphans     int
	Services    []ServiceCount // most spans first, then by name
}

// ServiceCount counts the spans of one service.
type ServiceCount struct {
	Name          string
	Spans, Errors int
}

// Summarize describes the trace.
func (t *Trace) Summarize() Summary {
	first := t.First()
	row := int(t.Rows[first])
	return Summary{
		ID:          t.ID,
		RootService: t.Spans.Service(row),
		RootName:    t.Spans.Name(row),
		RootMissing: t.Flags[first]&Root == 0,
		StartNs:     t.StartNs,
		DurationNs:  t.DurationNs(),
		Spans:       t.Len(),
		Errors:      t.Errors,
		Orphans:     t.Orphans,
		Services:    t.Services(),
	}
}

// Services counts the spans of every service, most spans first, then by name.
func (t *Trace) Services() []ServiceCount {
	byResource := map[uint32]*ServiceCount{}
	byName := map[string]*ServiceCount{}
	for p, row := range t.Rows {
		resource := t.Spans.Resources[row]
		c := byResource[resource]
		if c == nil {
			name := t.Spans.ServiceOf(resource)
			if c = byName[name]; c == nil {
				c = &ServiceCount{Name: name}
				byName[name] = c
			}
			byResource[resource] = c
		}
		c.Spans++
		if t.Flags[p]&Error != 0 {
			c.Errors++
		}
	}
	counts := make([]ServiceCount, 0, len(byName))
	for _, c := range byName {
		counts = append(counts, *c)
	}
	slices.SortFunc(counts, func(a, b ServiceCount) int {
		return cmp.Or(cmp.Compare(b.Spans, a.Spans), cmp.Compare(a.Name, b.Name))
	})
	return counts
}
