package tempo

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/heddle-io/heddle/query/api/tempo/tempopb"
	"github.com/heddle-io/heddle/query/traceql"
	"github.com/heddle-io/heddle/storage"
)

const (
	defaultTags = 5_000 // of a scope, or values of a tag
	maxTags     = 100_000
	// maxListBytes is the most text in an answer of one message.
	maxListBytes = 2 << 20
	// keysPerScan is among how many keys those that selected spans have are
	// looked for at once.
	keysPerScan = 1_000
)

// scopes are those of attributes, in the order in which they are listed.
var scopes = []struct {
	name  string
	scope storage.Scope
}{
	{"resource", storage.ScopeResource},
	{"span", storage.ScopeSpan},
	{"event", storage.ScopeEvent},
	{"link", storage.ScopeLink},
	{"instrumentation", storage.ScopeInstrumentation},
}

const scopeIntrinsic = "intrinsic"

// intrinsicTags are the intrinsics that people filter by: not ids, and not
// numbers that are the shape of a trace.
var intrinsicTags = slices.DeleteFunc(traceql.Intrinsics(), func(name string) bool {
	for _, part := range []string{"nestedSet", "childCount", "parent", ":id", "traceID", "spanID"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
})

// tagsQuery asks for the names of attributes.
type tagsQuery struct {
	scope  string // "" for all
	filter string // a query that is being typed; "" for all spans
	window storage.Window
	limit  int // of a scope
}

func parseTags(q url.Values) (t tagsQuery, err error) {
	t.scope, t.filter = q.Get("scope"), q.Get("q")
	if t.window, err = windowParam(q); err != nil {
		return t, err
	}
	if t.limit, err = countParam(q, "limit", defaultTags, maxTags); err != nil {
		return t, err
	}
	return t, t.check()
}

func tagsOf(r *tempopb.SearchTagsRequest) (t tagsQuery, err error) {
	t = tagsQuery{scope: r.Scope, filter: r.Query, limit: defaultTags}
	if r.MaxTagsPerScope > 0 {
		t.limit = min(int(r.MaxTagsPerScope), maxTags)
	}
	if t.window, err = secondsWindow(r.Start, r.End); err != nil {
		return t, err
	}
	return t, t.check()
}

func (t *tagsQuery) check() error {
	if t.scope == "none" || t.scope == "all" {
		t.scope = ""
	}
	if t.scope == "" || t.scope == scopeIntrinsic {
		return nil
	}
	for _, s := range scopes {
		if t.scope == s.name {
			return nil
		}
	}
	return bad("invalid scope: %q must be one of resource, span, event, link, instrumentation, intrinsic or none", t.scope)
}

// tags lists the names in all scopes as one. Intrinsics are listed only when
// they are asked for.
func (a *api) tags(ctx context.Context, t tagsQuery) (*tempopb.SearchTagsResponse, error) {
	byScope, err := a.tagsV2(ctx, t)
	if err != nil {
		return nil, err
	}
	m := &tempopb.SearchTagsResponse{Metrics: byScope.Metrics, Status: byScope.Status, Message: byScope.Message}
	for _, s := range byScope.Scopes {
		if s.Name != scopeIntrinsic || t.scope == scopeIntrinsic {
			m.TagNames = append(m.TagNames, s.Tags...)
		}
	}
	slices.Sort(m.TagNames)
	m.TagNames = slices.Compact(m.TagNames)
	return m, nil
}

// tagsV2 lists names by scope. Of more than the limit the most frequent
// remain, and the answer says so.
func (a *api) tagsV2(ctx context.Context, t tagsQuery) (*tempopb.SearchTagsV2Response, error) {
	m := &tempopb.SearchTagsV2Response{Metrics: metadataMetrics()}
	if t.scope != scopeIntrinsic {
		keys, message, err := a.keys(ctx, t)
		if err != nil {
			return nil, err
		}
		m.Status, m.Message = statusFor(message), message
		slices.SortStableFunc(keys, func(a, b storage.KeyInfo) int { return cmp.Compare(b.Count, a.Count) })
		size := 0
		for _, s := range scopes {
			scope := &tempopb.SearchTagsV2Scope{Name: s.name}
			for _, k := range keys {
				if k.Key.Scope == s.scope {
					scope.Tags = append(scope.Tags, valid(k.Key.Name))
				}
			}
			fit := 0
			for fit < min(len(scope.Tags), t.limit) && size+len(scope.Tags[fit]) <= maxListBytes {
				size += len(scope.Tags[fit])
				fit++
			}
			if fit < len(scope.Tags) {
				m.Status = tempopb.PartialStatus_PARTIAL
				m.Message = also(m.Message, fmt.Sprintf("there are %d tags in scope %s, the %d most frequent are listed: raise limit, or ask for the tags of spans with q", len(scope.Tags), s.name, fit))
				scope.Tags = scope.Tags[:fit]
			}
			if len(scope.Tags) > 0 {
				slices.Sort(scope.Tags)
				m.Scopes = append(m.Scopes, scope)
			}
		}
	}
	if t.scope == "" || t.scope == scopeIntrinsic {
		m.Scopes = append(m.Scopes, &tempopb.SearchTagsV2Scope{Name: scopeIntrinsic, Tags: intrinsicTags})
	}
	return m, nil
}

// keys lists the attribute keys of the spans that are asked about, and says
// when keys of other spans may be among them.
func (a *api) keys(ctx context.Context, t tagsQuery) (keys []storage.KeyInfo, message string, err error) {
	all, err := a.Spans.Keys(ctx, t.window)
	if err != nil {
		return nil, "", err
	}
	for _, k := range all {
		for _, s := range scopes {
			if k.Key.Scope == s.scope && (t.scope == "" || t.scope == s.name) {
				keys = append(keys, k)
			}
		}
	}
	where, message, err := a.filterOf(ctx, t.window, t.filter)
	if where == nil || err != nil {
		return keys, message, err
	}
	var found []storage.KeyInfo
	deadline := time.Now().Add(a.budget(ctx).Duration)
	for from := 0; from < len(keys); from += keysPerScan {
		if from > 0 && time.Now().After(deadline) {
			return append(found, keys[from:]...), fmt.Sprintf("there was no time to look which spans have the last %d of %d tags: they are all listed; ask for a shorter time or one scope", len(keys)-from, len(keys)), nil
		}
		some, err := a.keysOf(ctx, t.window, where, keys[from:min(from+keysPerScan, len(keys))])
		if err != nil {
			return nil, "", err
		}
		found = append(found, some...)
	}
	return found, message, nil
}

// keysOf returns those of the keys that spans have which satisfy where. Each
// round looks for spans with a key that no span was found to have yet, and is
// over with the first few: most keys are found in one round.
func (a *api) keysOf(ctx context.Context, w storage.Window, where storage.Predicate, keys []storage.KeyInfo) (found []storage.KeyInfo, err error) {
	for len(keys) > 0 {
		q := storage.Scan{Window: w}
		var either storage.Or
		for _, k := range keys {
			q.Columns = append(q.Columns, k.Key)
			either = append(either, storage.Exists{Key: k.Key})
		}
		q.Where = storage.And{where, either}
		seen, err := a.firstKeys(ctx, q)
		if err != nil || seen == nil {
			return found, err
		}
		var left []storage.KeyInfo
		for i, k := range keys {
			if seen[i] {
				found = append(found, k)
			} else {
				left = append(left, k)
			}
		}
		if len(left) == len(keys) {
			return found, nil // the store found what it does not show
		}
		keys = left
	}
	return found, nil
}

// firstKeys says which columns have a value in the first batch that has rows;
// nil when there is no row.
func (a *api) firstKeys(ctx context.Context, q storage.Scan) ([]bool, error) {
	for batch, err := range a.Spans.Scan(ctx, q) {
		if err != nil {
			return nil, err
		}
		if batch.Len() == 0 {
			continue
		}
		seen := make([]bool, len(q.Columns))
		for i, c := range batch.Columns {
			seen[i] = slices.ContainsFunc(c.Types, func(t storage.Type) bool { return t != storage.TypeAbsent })
		}
		return seen, nil
	}
	return nil, nil
}

// filterOf is what the spans in the window satisfy that a query selects, as far
// as it is typed; nil for all spans. The message says when others may do so,
// too: to look at whole traces would take too long for somebody who types.
func (a *api) filterOf(ctx context.Context, w storage.Window, text string) (where storage.Predicate, message string, err error) {
	if strings.TrimSpace(text) == "" {
		return nil, "", nil
	}
	where, exact, err := traceql.Bound(ctx, a.Spans, w, traceql.ParseLenient(text))
	if !exact {
		message = "what q says of whole traces was left out, more spans than it selects were looked at: use one pair of braces with fields of the span"
	}
	return where, message, err
}

func metadataMetrics() *tempopb.MetadataMetrics {
	return &tempopb.MetadataMetrics{TotalJobs: 1, CompletedJobs: 1}
}
