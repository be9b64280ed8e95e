package tempo

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/heddle-io/heddle/query/api/tempo/tempopb"
)

type serveFunc func(http.ResponseWriter, *http.Request) error

// route finds what serves a path, nil when nothing does. It works on the
// escaped path, so that names may hold an escaped slash.
func (h *Handler) route(r *http.Request) serveFunc {
	path := r.URL.EscapedPath()
	switch path {
	case "/ready":
		return text("ready\n")
	case "/status", "/status/version":
		return text("heddle " + h.Version + "\n")
	case "/api/echo":
		return text("echo")
	case "/api/status/buildinfo", "/status/buildinfo":
		return h.buildInfo
	case "/api/search":
		return h.getSearch
	case "/api/search/tags":
		return listing("tagNames", parseTags, func(ctx context.Context, t tagsQuery) (*tempopb.SearchTagsResponse, error) {
			t.filter = "" // which only the second version has
			return h.tags(ctx, t)
		})
	case "/api/v2/search/tags":
		return listing("scopes", parseTags, h.tagsV2)
	case "/api/metrics/query_range":
		return h.getRange
	case "/api/metrics/query":
		return h.getInstant
	}
	if strings.HasPrefix(path, "/status/") {
		return text("query-frontend Running\n") // as Tempo lists its services
	}
	for _, v := range []struct {
		prefix, suffix string
		serve          func(string) serveFunc
	}{
		{"/api/traces/", "", h.getTrace},
		{"/api/v2/traces/", "", h.getTraceV2},
		{"/api/search/tag/", "/values", func(tag string) serveFunc { return listing("tagValues", parseValues(tag), h.tagValues) }},
		{"/api/v2/search/tag/", "/values", func(tag string) serveFunc { return listing("tagValues", parseValues(tag), h.tagValuesV2) }},
	} {
		if rest, ok := strings.CutPrefix(path, v.prefix); ok {
			if name, ok := strings.CutSuffix(rest, v.suffix); ok && name != "" && !strings.Contains(name, "/") {
				return v.serve(unescape(name))
			}
		}
	}
	return nil
}

// unescape undoes the escapes of a name in a path. Grafana escapes names twice,
// others once; a name that has escapes of its own is no name anybody uses.
func unescape(name string) string {
	for range 2 {
		if once, err := url.PathUnescape(name); err == nil {
			name = once
		}
	}
	return name
}

// listing serves what do answers to a query. list is the JSON name of the list
// in its answer.
func listing[Q any, M proto.Message](list string, parse func(url.Values) (Q, error), do func(context.Context, Q) (M, error)) serveFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		q, err := parse(r.URL.Query())
		if err != nil {
			return err
		}
		m, err := do(r.Context(), q)
		if err != nil {
			return err
		}
		return writeMessage(w, r, m, list)
	}
}

func text(body string) serveFunc {
	return func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte(body))
		return nil
	}
}
