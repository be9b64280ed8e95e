package jaeger

import (
	"net/http"
	"net/url"
	"strings"
)

// route finds the handler of a path. It works on the escaped path, so that a
// service name or a base64 trace id may hold an escaped slash.
func (h *Handler) route(r *http.Request) (serve http.HandlerFunc, method string) {
	rest, ok := strings.CutPrefix(r.URL.EscapedPath(), "/api/")
	if !ok {
		return nil, ""
	}
	if v3, ok := strings.CutPrefix(rest, "v3/"); ok {
		return h.routeV3(v3), http.MethodGet
	}
	switch rest {
	case "services":
		return h.services, http.MethodGet
	case "operations":
		return h.operations, http.MethodGet
	case "traces":
		return h.search, http.MethodGet
	case "dependencies":
		return h.dependencies, http.MethodGet
	case "transform":
		return h.transform, http.MethodPost
	case "metrics/latencies":
		return h.latencies, http.MethodGet
	case "metrics/calls":
		return h.calls, http.MethodGet
	case "metrics/errors":
		return h.errorRates, http.MethodGet
	case "metrics/minstep":
		return h.minStep, http.MethodGet
	}
	collection, item, _ := strings.Cut(rest, "/")
	if item == "" {
		return nil, ""
	}
	switch collection {
	case "services":
		service, ok := strings.CutSuffix(item, "/operations")
		if !ok || service == "" || strings.Contains(service, "/") {
			return nil, ""
		}
		return h.withService(service), http.MethodGet
	case "traces":
		return withTraceID(item, h.getTrace), http.MethodGet
	case "archive":
		return withTraceID(item, h.archive), http.MethodPost
	}
	return nil, ""
}

// withService unescapes as a query string does, where + is a space: Jaeger
// does, and clients escape for that.
func (h *Handler) withService(escaped string) http.HandlerFunc {
	service, err := url.QueryUnescape(escaped)
	if err != nil {
		service = escaped
	}
	return func(w http.ResponseWriter, r *http.Request) { h.operationNames(w, r, service) }
}

// withTraceID unescapes as a path does, where + is a digit of base64.
func withTraceID(escaped string, serve func(http.ResponseWriter, *http.Request, string)) http.HandlerFunc {
	id, err := url.PathUnescape(escaped)
	if err != nil {
		id = escaped
	}
	return func(w http.ResponseWriter, r *http.Request) { serve(w, r, id) }
}
