package native

import (
	"cmp"
	"context"
	"encoding/binary"
	"hash/maphash"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/heddle-io/heddle/query/selection"
	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

// Bounds of a tail.
const (
	tailInterval   = time.Second
	tailAhead      = 10 * time.Second // clocks of senders may be ahead
	maxTailKnown   = 200_000          // spans that a tail remembers, some 8 MB
	maxTailRate    = 1000
	tailHeartbeats = 15 // looks without news until the client is told that it goes on
)

type tailSpan struct {
	TraceID    string `json:"traceId"`
	SpanID     string `json:"spanId"`
	Service    string `json:"service"`
	Name       string `json:"name"`
	Kind       string `json:"kind"`
	Start      string `json:"startUnixNano"`
	DurationNs int64  `json:"durationNs"`
	Error      bool   `json:"error"`
}

type spansEvent struct {
	Type    string     `json:"type"`
	Spans   []tailSpan `json:"spans"`
	Matched uint64     `json:"matched"`
	Dropped uint64     `json:"dropped"`
}

type tailStatusEvent struct {
	Type    string    `json:"type"`
	Matched uint64    `json:"matched"`
	Dropped uint64    `json:"dropped"`
	Partial string    `json:"partial,omitempty"`
	Stats   statsJSON `json:"stats"`
}

type tailEndEvent struct {
	Type   string `json:"type"`
	Reason string `json:"reason"`
	Since  string `json:"since"`
}

// tailing is one live tail. It looks again and again at the spans that started
// within the lookback and tells those that it has not seen: stores do not say
// when a span arrived.
type tailing struct {
	api      *api
	chosen   selection.Selection
	lookback time.Duration
	rate     int
	since    int64 // spans that start from here on are news also at the first look

	seed    maphash.Seed
	known   map[uint64]int64 // span -> start
	first   bool
	matched uint64
	dropped uint64
	partial string
	stats   selection.Stats
}

// tail sends the spans that the request selects as they arrive, until the
// client goes or the server stops.
func (a *api) tail(w http.ResponseWriter, r *http.Request) {
	t, err := a.tailRequest(r)
	if err != nil {
		writeError(w, err)
		return
	}
	select {
	case a.tails <- struct{}{}:
		defer func() { <-a.tails }()
	default:
		writeError(w, &apiError{status: http.StatusServiceUnavailable, code: "overloaded",
			message: "there are " + strconv.Itoa(a.opts.MaxTails) + " live tails, which is the limit; end another one"})
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	go func() {
		select {
		case <-a.opts.Stopped:
			cancel()
		case <-ctx.Done():
		}
	}()
	stream := newEventStream(w, r)
	if stream.send("status", t.status()) != nil {
		return
	}
	ticks, stop := a.every(tailInterval)
	defer stop()
	quiet := 0
	for {
		spans, err := t.look(ctx)
		if r.Context().Err() == nil && ctx.Err() != nil {
			// Nothing is lost when the client asks again for what is since then.
			since := strconv.FormatInt(a.now().Add(-t.lookback).UnixNano(), 10)
			_ = stream.send("end", tailEndEvent{"end", "the server stops; ask again with since", since}) // nothing follows
			return
		}
		if err != nil {
			stream.fail(err)
			return
		}
		quiet++
		if len(spans) > 0 {
			quiet = 0
			err = stream.send("spans", spansEvent{"spans", spans, t.matched, t.dropped})
		} else if quiet == tailHeartbeats {
			quiet = 0
			err = stream.send("status", t.status())
		}
		if err != nil {
			return
		}
		select {
		case <-ctx.Done():
		case <-ticks:
		}
	}
}

func (a *api) tailRequest(r *http.Request) (*tailing, error) {
	q := r.URL.Query()
	chosen, err := selectionParams(q)
	if err != nil {
		return nil, err
	}
	t := &tailing{api: a, chosen: chosen, lookback: time.Minute, since: math.MaxInt64, seed: maphash.MakeSeed(), known: map[uint64]int64{}, first: true}
	if t.rate, err = intParam(q, "rate", 100, 1, maxTailRate); err != nil {
		return nil, err
	}
	if t.since, err = timeParam(q, "since", t.since); err != nil {
		return nil, err
	}
	lookback, given, err := durationParam(q, "lookback")
	if err != nil {
		return nil, err
	}
	if given {
		if lookback < time.Second || lookback > 15*time.Minute {
			return nil, badRequest("lookback %v: must be from 1s to 15m", lookback)
		}
		t.lookback = lookback
	}
	return t, nil
}

func (t *tailing) status() tailStatusEvent {
	return tailStatusEvent{"status", t.matched, t.dropped, t.partial, newStats(t.stats)}
}

// look returns the news, the oldest first: of more than the rate the newest.
func (t *tailing) look(ctx context.Context) ([]tailSpan, error) {
	now := t.api.now()
	window := storage.Window{FromNs: now.Add(-t.lookback).UnixNano(), ToNs: now.Add(tailAhead).UnixNano()}
	for key, start := range t.known {
		if start < window.FromNs {
			delete(t.known, key)
		}
	}
	search, err := t.api.searchFor(ctx, t.chosen, window)
	if err != nil {
		return nil, err
	}
	columns := append([]storage.Key{storage.KeyService, storage.KeyName, storage.KeyKind}, trace.ErrorKeys()...)
	var news []tailRow
	full := false
	for batch, err := range search.Scan(ctx, columns) {
		if err != nil {
			return nil, err
		}
		for row := range batch.Len() {
			key := t.hash(batch.TraceIDs[row], batch.SpanIDs[row], batch.StartsNs[row], batch.Columns[2].Bits[row])
			if _, ok := t.known[key]; ok {
				continue
			}
			if full = full || len(t.known) >= maxTailKnown; full {
				break
			}
			t.known[key] = batch.StartsNs[row]
			if t.first && batch.StartsNs[row] < t.since {
				continue
			}
			t.matched++
			news = t.keepNewest(news, batch, row)
		}
	}
	t.first = false
	t.partial = search.Stats.Partial
	if full {
		t.partial = "more spans match than a tail can tell apart; narrower conditions or a shorter lookback match fewer"
	}
	t.stats.Scanned += search.Stats.Scanned
	t.stats.Traces += search.Stats.Traces
	t.stats.Spans += search.Stats.Spans
	slices.SortFunc(news, func(a, b tailRow) int { return cmp.Compare(a.startNs, b.startNs) })
	if extra := len(news) - t.rate; extra > 0 {
		t.dropped += uint64(extra)
		news = news[extra:]
	}
	spans := make([]tailSpan, len(news))
	for i, n := range news {
		spans[i] = n.span
	}
	return spans, nil
}

type tailRow struct {
	span    tailSpan
	startNs int64
}

// keepNewest adds a row and, when there are many, drops the oldest half of
// what no client would be sent.
func (t *tailing) keepNewest(news []tailRow, b *storage.Batch, row int) []tailRow {
	if len(news) >= 4*maxTailRate {
		slices.SortFunc(news, func(a, b tailRow) int { return cmp.Compare(b.startNs, a.startNs) })
		t.dropped += uint64(len(news) - t.rate)
		news = news[:t.rate]
	}
	kind := uint8(0)
	if b.Columns[2].Types[row] == storage.TypeInt {
		kind = uint8(b.Columns[2].Bits[row])
	}
	return append(news, tailRow{tailSpan{
		TraceID: b.TraceIDs[row].String(), SpanID: b.SpanIDs[row].String(),
		Service: strings.Clone(b.Columns[0].Value(row).Text()), Name: strings.Clone(b.Columns[1].Value(row).Text()), Kind: enumName(kindNames, kind),
		Start: strconv.FormatInt(b.StartsNs[row], 10), DurationNs: b.DurationsNs[row],
		Error: trace.ErrorAt(&b.Columns[3], &b.Columns[4], row),
	}, b.StartsNs[row]})
}

func (t *tailing) hash(traceID storage.TraceID, id storage.SpanID, startNs int64, kind uint64) uint64 {
	var b [40]byte
	copy(b[:], traceID[:])
	copy(b[16:], id[:])
	binary.LittleEndian.PutUint64(b[24:], uint64(startNs))
	binary.LittleEndian.PutUint64(b[32:], kind)
	return maphash.Bytes(t.seed, b[:])
}
