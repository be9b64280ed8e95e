package jaeger

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

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
	if name, v := q.get("query.filter"); v != "" {
		return s, fmt.Errorf("%s: %w", name, errFilter)
	}
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
	return s, q.page(&s, depth, paginated)
}

// httpPage is Pagination as parameters.
type httpPage struct {
	size  int32
	token string
}

func (p httpPage) GetPageSize() uint32  { return uint32(max(0, p.size)) }
func (p httpPage) GetPageToken() string { return p.token }

func (q paramsV3) page(s *search, depth int32, paginated bool) error {
	size, sizeSet, err := q.int32("query.pagination.pageSize", "query.pagination.page_size")
	if err != nil {
		return err
	}
	token := q.text("query.pagination.pageToken")
	switch {
	case !sizeSet && token == "":
		return nil
	case !paginated:
		return badRequestError{errNotPaginated}
	}
	s.depth, err = pageDepth(httpPage{size, token}, depth)
	return err
}
