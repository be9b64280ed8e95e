package tempo

import (
	"net/http"
	"net/url"
	"strings"
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
		return h.getTags
	case "/api/v2/search/tags":
		return h.getTagsV2
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
		{"/api/search/tag/", "/values", h.getTagValues},
		{"/api/v2/search/tag/", "/values", h.getTagValuesV2},
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

func text(body string) serveFunc {
	return func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte(body))
		return nil
	}
}
