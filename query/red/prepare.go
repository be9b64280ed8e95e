package red

import (
	"cmp"
	"context"
	"slices"

	"github.com/heddle-io/heddle/storage"
)

// Variables for tests.
var (
	// preparedSpans is what a part must have to be prepared: what is smaller is
	// read quickly, and merged soon.
	preparedSpans = 1 << 16
	// preparedTogether bounds what one reading prepares: it sees all parts as they
	// were when it began, and keeps those alive that have been merged since.
	preparedTogether = 1 << 21
)

// A Preparer tallies the parts of a store for graphs that nobody has asked for
// yet, so that the first one over hours needs not read all of their spans. It
// prepares the graph by service with all kinds of nodes. It is for one goroutine.
type Preparer struct {
	cache *GraphCache
	spans storage.SpanReader
	// parts that there were the last time; true: those that were tallied, also
	// when there was too much in them to be kept.
	parts map[string]bool
}

// NewPreparer makes one for a cache of the graphs of a store.
func NewPreparer(cache *GraphCache, spans storage.SpanReader) *Preparer {
	return &Preparer{cache: cache, spans: spans}
}

// Prepare tallies the parts that are worth it, the newest first, while the cache
// has room: those that there were at the call before, since new ones are often
// merged within moments. Tallies of parts that are no more it drops. rest is
// called between readings, after some hundred milliseconds of work at the most.
func (p *Preparer) Prepare(ctx context.Context, rest func(context.Context) error) error {
	q := GraphQuery{By: storage.KeyService, Window: storage.AllTime(), Cache: p.cache}
	now := map[string]bool{}
	var wanted []storage.TracePart
	if err := p.read(ctx, &q, func(part storage.TracePart) bool {
		tallied, old := p.parts[part.ID]
		now[part.ID] = tallied
		if old && !tallied && part.Spans >= preparedSpans && p.cache.get(q.cacheKey(part)) == nil {
			wanted = append(wanted, part)
		}
		return true
	}); err != nil {
		return err
	}
	p.parts = now
	p.cache.retain(now)
	slices.SortFunc(wanted, func(a, b storage.TracePart) int { return cmp.Compare(b.NewestNs, a.NewestNs) })
	for len(wanted) > 0 && p.cache.hasRoom() {
		some := map[string]bool{}
		for spans := 0; len(wanted) > 0 && spans < preparedTogether; wanted = wanted[1:] {
			some[wanted[0].ID], now[wanted[0].ID] = true, true
			spans += wanted[0].Spans
		}
		if err := p.read(ctx, &q, func(part storage.TracePart) bool { return !some[part.ID] }); err != nil {
			return err
		}
		if err := rest(ctx); err != nil {
			return err
		}
	}
	return nil
}

// read tallies the parts that are not known.
func (p *Preparer) read(ctx context.Context, q *GraphQuery, known func(storage.TracePart) bool) error {
	reading, err := p.spans.ReadTraces(ctx, storage.TraceScan{Window: q.Window, Columns: q.columns(), Known: known, PartsOnly: true})
	if err != nil {
		return err
	}
	defer reading.Close()
	workers := make([]*graphWorker, reading.Workers())
	if err := reading.Each(ctx, func(worker int, b *storage.TraceBatch) bool {
		return workerOf(workers, worker, q).add(b)
	}); err != nil {
		return err
	}
	mergeWorkers(newTally(q, nil), workers)
	return nil
}
