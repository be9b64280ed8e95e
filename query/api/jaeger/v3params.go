package jaeger

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	"github.com/heddle-io/heddle/query/api/jaeger/filter"
	"github.com/heddle-io/heddle/query/api/jaeger/proto/apiv3"
	"github.com/heddle-io/heddle/storage"
)

// paramsV3 reads the parameters of api_v3 over HTTP. A parameter has the name
// of a field of the protocol, in camel case or as it is there; of several that
// are given the first in that order counts. Errors are badRequestError.
type paramsV3 struct{ url.Values }

// get returns the value of a parameter and the name under which it was given.
func (q paramsV3) get(names ...string) (name, value string) {
	for _, name := range names {
		if v := q.Get(name); v != "" {
			return name, v
		}
	}
	return names[0], ""
}

// names are the forms of a name in camel case.
func names(camel string) []string {
	var snake strings.Builder
	for _, c := range camel {
		if c >= 'A' && c <= 'Z' {
			snake.WriteByte('_')
			c += 'a' - 'A'
		}
		snake.WriteRune(c)
	}
	if snake.String() == camel {
		return []string{camel}
	}
	return []string{camel, snake.String()}
}

func malformed(name string, err error) error {
	return badRequestError{fmt.Errorf("malformed parameter %s: %w", name, err)}
}

func (q paramsV3) text(camel string) string {
	_, v := q.get(names(camel)...)
	return v
}

func (q paramsV3) bool(camel string) (bool, error) {
	name, v := q.get(names(camel)...)
	if v == "" {
		return false, nil
	}
	b, err := strconv.ParseBool(v)
	if err != nil {
		return false, malformed(name, err)
	}
	return b, nil
}

// timeNs reads a time in RFC 3339. Grafana leaves times as they are, so that a
// plus sign before the offset arrives as a space.
func (q paramsV3) timeNs(camel string) (ns int64, set bool, err error) {
	name, v := q.get(names(camel)...)
	if v == "" {
		return 0, false, nil
	}
	t, err := time.Parse(time.RFC3339Nano, strings.Replace(v, " ", "+", 1))
	if err != nil {
		return 0, false, malformed(name, err)
	}
	return storage.UnixNs(t), true, nil
}

func (q paramsV3) duration(camel string) (time.Duration, error) {
	name, v := q.get(names(camel)...)
	if v == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(v)
	if err != nil {
		return 0, malformed(name, err)
	}
	return d, nil
}

func (q paramsV3) int32(names ...string) (n int32, set bool, err error) {
	name, v := q.get(names...)
	if v == "" {
		return 0, false, nil
	}
	parsed, err := strconv.ParseInt(v, 10, 32)
	if err != nil {
		return 0, false, malformed(name, err)
	}
	return int32(parsed), true, nil
}

// window reads two times that are required.
func (q paramsV3) window(from, to string) (w storage.Window, err error) {
	var fromSet, toSet bool
	if w.FromNs, fromSet, err = q.timeNs(from); err != nil {
		return w, err
	}
	if w.ToNs, toSet, err = q.timeNs(to); err != nil {
		return w, err
	}
	if !fromSet || !toSet {
		return w, badRequestError{fmt.Errorf("%s and %s are required", from, to)}
	}
	return w, nil
}

// search reads the parameters of a search.
func (q paramsV3) search(paginated bool) (s search, err error) {
	s.service, s.operation = q.text("query.serviceName"), q.text("query.operationName")
	if s.window, err = q.window("query.startTimeMin", "query.startTimeMax"); err != nil {
		return s, err
	}
	depth, depthSet, err := q.int32("query.searchDepth", "query.search_depth", "query.numTraces", "query.num_traces")
	if err != nil {
		return s, err
	}
	if s.depth = int(depth); depthSet && depth == 0 {
		return s, badRequestError{errors.New("invalid parameter: search depth must be greater than 0")}
	}
	if s.min, err = q.duration("query.durationMin"); err != nil {
		return s, err
	}
	if s.max, err = q.duration("query.durationMax"); err != nil {
		return s, err
	}
	if name, v := q.get("query.attributes"); v != "" {
		if err := json.Unmarshal([]byte(v), &s.tags); err != nil {
			return s, malformed(name, err)
		}
	}
	if s.raw, err = q.bool("query.rawTraces"); err != nil {
		return s, err
	}
	if f, err := q.filter(); err != nil || f != nil {
		if err == nil {
			err = s.setFilter(f)
		}
		if err != nil {
			return s, err
		}
	}
	p, set, err := q.page()
	switch {
	case err != nil || !set:
		return s, err
	case !paginated:
		return s, badRequestError{errNotPaginated}
	}
	return s, s.setPage(p, depth)
}

// filter reads the filter, nil when there is none.
func (q paramsV3) filter() (*filter.Filter, error) {
	name, v := q.get("query.filter")
	if v == "" {
		return nil, nil
	}
	f, err := filter.ParseJSON(name, v)
	if err != nil {
		return nil, badRequestError{err}
	}
	return f, nil
}

// page reads the parameters of a page; set says whether there are any.
func (q paramsV3) page() (p httpPage, set bool, err error) {
	name, v := q.get(names("query.pagination.pageSize")...)
	if p.token = q.text("query.pagination.pageToken"); v == "" {
		return p, p.token != "", nil
	}
	size, err := strconv.ParseUint(v, 10, 32)
	if err != nil {
		return p, true, malformed(name, err)
	}
	p.size = uint32(size)
	return p, true, nil
}

// spans reads the parameters of a search for spans.
func (q paramsV3) spans() (s spanSearch, err error) {
	if s.window, err = q.window("query.startTimeMin", "query.startTimeMax"); err != nil {
		return s, err
	}
	f, err := q.filter()
	if err != nil {
		return s, err
	}
	var order []sortTerm
	if name, v := q.get(names("query.orderBy")...); v != "" {
		var wire apiv3.SpanQueryParameters
		if !json.Valid([]byte(v)) { // or it could close the object that it is put into
			return s, malformed(name, errors.New("is no JSON"))
		}
		if err := protojson.Unmarshal([]byte(`{"orderBy":`+v+`}`), &wire); err != nil {
			return s, malformed(name, errors.New("must be a list of {\"expression\":{\"field\":{…}},\"direction\":\"asc\" or \"desc\"}"))
		}
		order = sortTerms(wire.GetOrderBy())
	}
	p, set, err := q.page()
	if err != nil {
		return s, err
	}
	if !set {
		return s, s.setParsed(f, order, nil)
	}
	return s, s.setParsed(f, order, p)
}
