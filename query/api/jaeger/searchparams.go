package jaeger

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/heddle-io/heddle/query/api/jaeger/filter"
	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

const (
	defaultSearchLimit    = 100
	defaultSearchLookback = 48 * time.Hour
)

// searchParams are the parameters of GET /api/traces.
type searchParams struct {
	find trace.Query
	ids  []storage.TraceID // fetch these instead
	raw  bool
}

// parseSearch reads the parameters in Jaeger's order, so that of several bad
// ones the same is told.
func (h *Handler) parseSearch(q url.Values) (searchParams, error) {
	var p searchParams
	fromNs, toNs, err := h.searchWindow(q)
	if err != nil {
		return p, err
	}
	tags, err := parseTags(q["tag"], q["tags"])
	if err != nil {
		return p, err
	}
	p.find.Limit = defaultSearchLimit
	if text := q.Get("limit"); text != "" {
		limit, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			return p, err
		}
		p.find.Limit = int(limit)
	}
	minNs, err := durationParam(q, "minDuration")
	if err != nil {
		return p, err
	}
	maxNs, err := durationParam(q, "maxDuration")
	if err != nil {
		return p, err
	}
	for _, text := range q["traceID"] {
		id, err := parseTraceID(text)
		if err != nil {
			return p, fmt.Errorf("cannot parse traceID param: %w", err)
		}
		p.ids = append(p.ids, id)
	}
	if p.raw, err = boolParam(q, "raw"); err != nil {
		return p, err
	}

	switch {
	case p.find.Limit <= 0:
		return p, errors.New("invalid parameter: limit must be greater than 0")
	case p.find.Limit > h.MaxTraces:
		return p, fmt.Errorf("invalid parameter: limit must be at most %d", h.MaxTraces)
	case len(p.ids) > h.MaxTraces:
		return p, fmt.Errorf("invalid parameter: traceID must be given at most %d times", h.MaxTraces)
	case fromNs > toNs:
		return p, errors.New("invalid parameter: start time must be before end time")
	case minNs != 0 && maxNs != 0 && maxNs < minNs:
		return p, errors.New("'maxDuration' should be greater than 'minDuration'")
	}
	p.find.Window = storage.Window{FromNs: fromNs, ToNs: addNs(toNs, int64(time.Microsecond))}
	p.find.Where = whereSearch(q.Get("service"), q.Get("operation"), tags, minNs, maxNs)
	return p, nil
}

// searchWindow reads start and end, both in the window.
func (h *Handler) searchWindow(q url.Values) (fromNs, toNs int64, err error) {
	now := h.Now()
	from, set, err := intParam(q, "start")
	if err != nil {
		return 0, 0, err
	}
	if fromNs = scaleNs(from, int64(time.Microsecond)); !set {
		fromNs = now.Add(-defaultSearchLookback).UnixNano()
	}
	to, set, err := intParam(q, "end")
	if err != nil {
		return 0, 0, err
	}
	if toNs = scaleNs(to, int64(time.Microsecond)); !set {
		toNs = now.UnixNano()
	}
	return fromNs, toNs, nil
}

// parseTags reads tag=key:value and tags={"key":"value"}; of a key that is
// given twice the last value counts.
func parseTags(pairs, objects []string) (map[string]string, error) {
	tags := map[string]string{}
	for _, pair := range pairs {
		key, value, ok := strings.Cut(pair, ":")
		if !ok {
			return nil, fmt.Errorf("malformed 'tag' parameter, expecting key:value, received: %s", pair)
		}
		tags[key] = value
	}
	for _, object := range objects {
		var more map[string]string
		if err := json.Unmarshal([]byte(object), &more); err != nil {
			return nil, fmt.Errorf("malformed 'tags' parameter, cannot unmarshal JSON: %w", err)
		}
		maps.Copy(tags, more)
	}
	return tags, nil
}

// whereSearch is one condition on one span.
func whereSearch(service, operation string, tags map[string]string, minNs, maxNs time.Duration) storage.Predicate {
	where := storage.And{}
	if service != "" {
		where = append(where, filter.ServiceIs(service))
	}
	if operation != "" {
		where = append(where, storage.Compare{Key: storage.KeyName, Op: storage.Equal, Value: storage.String(operation)})
	}
	if minNs != 0 {
		where = append(where, storage.Compare{Key: storage.KeyDuration, Op: storage.GreaterEqual, Value: storage.Int(int64(minNs))})
	}
	if maxNs != 0 {
		where = append(where, storage.Compare{Key: storage.KeyDuration, Op: storage.LessEqual, Value: storage.Int(int64(maxNs))})
	}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		where = append(where, whereTag(key, tags[key]))
	}
	return where
}
