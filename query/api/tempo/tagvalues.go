package tempo

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/heddle-io/heddle/query/api/tempo/tempopb"
	"github.com/heddle-io/heddle/query/traceql"
	"github.com/heddle-io/heddle/storage"
)

// valuesQuery asks for the values of a tag.
type valuesQuery struct {
	tag    string
	filter string
	window storage.Window
	limit  int
}

// parseValues reads a query for the values of the tag that the path names.
func parseValues(tag string) func(url.Values) (valuesQuery, error) {
	return func(q url.Values) (v valuesQuery, err error) {
		v.tag, v.filter = tag, q.Get("q")
		if v.window, err = windowParam(q); err != nil {
			return v, err
		}
		v.limit, err = countParam(q, "limit", defaultTags, maxTags)
		return v, err
	}
}

func valuesOf(r *tempopb.SearchTagValuesRequest) (v valuesQuery, err error) {
	v = valuesQuery{tag: r.TagName, filter: r.Query, limit: defaultTags}
	if r.MaxTagValues > 0 {
		v.limit = min(int(r.MaxTagValues), maxTags)
	}
	if v.tag == "" {
		return v, bad("tag_name is empty: name an attribute such as resource.service.name")
	}
	v.window, err = secondsWindow(r.Start, r.End)
	return v, err
}

// tagValues lists values as text. The tag is the name of an intrinsic or of an
// attribute in any scope; one that no span has may be the name of a field.
func (a *api) tagValues(ctx context.Context, v valuesQuery) (*tempopb.SearchTagValuesResponse, error) {
	field, err := traceql.ParseField(v.tag)
	if err != nil || !slices.Contains(traceql.Intrinsics(), v.tag) {
		if field, err = anyScope(v.tag); err != nil {
			return nil, err
		}
	}
	list, message, err := a.values(ctx, field, v)
	if err != nil {
		return nil, err
	}
	if scoped, err := traceql.ParseField(v.tag); err == nil && len(list) == 0 && scoped != field {
		if list, message, err = a.values(ctx, scoped, v); err != nil {
			return nil, err
		}
	}
	m := &tempopb.SearchTagValuesResponse{Metrics: metadataMetrics(), Message: message, Status: statusFor(message)}
	seen := map[string]bool{}
	for _, x := range list {
		if text := valid(x.Text()); !seen[text] { // 1 and "1" are one here
			seen[text] = true
			m.TagValues = append(m.TagValues, text)
		}
	}
	return m, nil
}

// tagValuesV2 lists values with their types. The tag is the name of a field; an
// attribute may do without the dot.
func (a *api) tagValuesV2(ctx context.Context, v valuesQuery) (*tempopb.SearchTagValuesV2Response, error) {
	field, err := traceql.ParseField(v.tag)
	if err != nil {
		if field, err = anyScope(v.tag); err != nil {
			return nil, err
		}
	}
	list, message, err := a.values(ctx, field, v)
	if err != nil {
		return nil, err
	}
	m := &tempopb.SearchTagValuesV2Response{Metrics: metadataMetrics(), Message: message, Status: statusFor(message)}
	for _, x := range list {
		m.TagValues = append(m.TagValues, &tempopb.TagValue{Type: typeName(x.Type()), Value: valid(x.Text())})
	}
	return m, nil
}

func anyScope(name string) (traceql.Field, error) {
	f, err := traceql.ParseField("." + traceql.QuoteName(name))
	if err != nil {
		return f, bad("tag name %q is not an intrinsic or an attribute: write it as in resource.service.name: %w", shorten(name), err)
	}
	return f, nil
}

func statusFor(message string) tempopb.PartialStatus {
	if message != "" {
		return tempopb.PartialStatus_PARTIAL
	}
	return tempopb.PartialStatus_COMPLETE
}

// isRoot is true of spans that name no parent.
var isRoot = storage.Compare{Key: storage.KeyParentID, Op: storage.Equal, Value: storage.Bytes(make([]byte, len(storage.SpanID{})))}

// values lists the values of a field that conditions can name, the most frequent
// first: of lists their elements, of maps and bytes none. Words that are known
// without looking are all listed unless spans are selected. What is different
// for almost every span is not listed.
func (a *api) values(ctx context.Context, field traceql.Field, v valuesQuery) (list []traceql.Value, message string, err error) {
	where, message, err := a.filterOf(ctx, v.window, v.filter)
	if err != nil {
		return nil, "", err
	}
	keys := field.Keys()
	switch field.String() {
	case "status":
		if where == nil {
			return []traceql.Value{traceql.Status(2), traceql.Status(1), traceql.Status(0)}, message, nil
		}
	case "kind":
		if where == nil {
			for kind := range uint8(6) {
				list = append(list, traceql.Kind(kind))
			}
			return list, message, nil
		}
	case "rootName", "rootServiceName":
		keys = []storage.Key{storage.KeyName}
		if field.String() == "rootServiceName" {
			keys[0] = storage.KeyService
		}
		if where != nil || message != "" { // that is said of other spans than the roots
			return a.rootValues(ctx, field, v)
		}
		where = isRoot
	case "duration", "span:id", "span:parentID", "trace:id":
		return nil, "", nil
	}
	counts, more, cut := map[traceql.Value]uint64{}, false, false
	for _, key := range keys {
		found, err := a.Spans.Values(ctx, storage.ValuesQuery{Window: v.window, Key: key, Where: where, Limit: v.limit})
		if err != nil {
			return nil, "", err
		}
		more, cut = more || found.More, cut || found.Cut
		for _, c := range found.Values {
			for _, x := range field.Value(c.Value).Literals() {
				if x == traceql.String("") { // protobuf's JSON has no way to tell it, and nobody could choose it in a list
					continue
				}
				if _, ok := counts[x]; !ok {
					list = append(list, x)
				}
				counts[x] += c.Count
			}
		}
	}
	slices.SortStableFunc(list, func(a, b traceql.Value) int { return cmp.Compare(counts[b], counts[a]) })
	if len(list) > v.limit {
		list, more = list[:v.limit], true
	}
	switch {
	case cut:
		message = also(message, "there are too many values to count them all, the most frequent of those that were counted are listed: select spans with q, or a shorter time")
	case more:
		message = also(message, tooManyValues(v.limit))
	}
	size := 0
	for i, x := range list {
		if size += len(x.Text()); size > maxListBytes {
			return list[:i], also(message, fmt.Sprintf("the values have more than %d bytes, the %d most frequent are listed: select spans with q", maxListBytes, i)), nil
		}
	}
	return list, message, nil
}

// completionTime is how long whole traces are read for somebody who types.
const completionTime = 5 * time.Second

// rootValues lists a field of the roots of those traces that have a selected
// span. Whole traces tell, the newest first, as many as there is time for.
func (a *api) rootValues(ctx context.Context, field traceql.Field, v valuesQuery) (list []traceql.Value, message string, err error) {
	q, err := traceql.Parse(traceql.ParseLenient(v.filter).String() + " | count_over_time() by(" + field.String() + ")")
	if err != nil { // it computes metrics already, or has hints
		return nil, "", bad("invalid q: %s of the traces that it finds can only be told of a query for spans, such as { status = error }", field)
	}
	o := traceql.RangeOptions{Window: v.window, MaxSeries: v.limit, Budget: a.budget(ctx)}
	o.Window.FromNs = max(o.Window.FromNs, 0)
	o.Budget.Duration = min(o.Budget.Duration, completionTime)
	m, err := traceql.Instant(ctx, a.Spans, q, o)
	if err != nil {
		return nil, "", err
	}
	slices.SortStableFunc(m.Series, func(a, b traceql.Series) int { return cmp.Compare(b.Values[0], a.Values[0]) })
	for _, s := range m.Series {
		list = append(list, s.Labels[0].Value)
	}
	return list, m.Stats.Partial, nil
}

func tooManyValues(limit int) string {
	return fmt.Sprintf("there are more than %d values, the most frequent are listed: raise limit, or select spans with q", limit)
}

// also adds to what an answer says of itself.
func also(message, more string) string {
	if message == "" {
		return more
	}
	return message + "; " + more
}
