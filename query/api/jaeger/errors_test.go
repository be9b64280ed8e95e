package jaeger

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/heddle-io/heddle/query/api/jsontext"
	"github.com/heddle-io/heddle/storage"
)

// errorBody is what every error looks like.
func errorBody(code int, msg string) string {
	return `{"data":null,"total":0,"limit":0,"offset":0,"errors":[{"code":` + strconv.Itoa(code) + `,"msg":` + string(jsontext.AppendString(nil, msg)) + "}]}\n"
}

func TestBadRequests(t *testing.T) {
	h := NewHandler(Options{Spans: memoryOf(shop()), Now: now, MaxTraces: 500})
	for _, c := range []struct {
		target string
		code   int
		msg    string
	}{
		{"/api/operations", 400, "parameter 'service' is required"},
		{"/api/traces?service=a;b", 400, "the query string is malformed: escape % as %25 and ; as %3B"},
		{"/api/traces?service=a&start=x", 400, `unable to parse param 'start': strconv.ParseInt: parsing "x": invalid syntax`},
		{"/api/traces?service=a&end=1.5", 400, `unable to parse param 'end': strconv.ParseInt: parsing "1.5": invalid syntax`},
		{"/api/traces?service=a&end=99999999999999999999", 400, `unable to parse param 'end': strconv.ParseInt: parsing "99999999999999999999": value out of range`},
		{"/api/traces?service=a&limit=x", 400, `strconv.ParseInt: parsing "x": invalid syntax`},
		{"/api/traces?service=a&limit=4294967296", 400, `strconv.ParseInt: parsing "4294967296": value out of range`},
		{"/api/traces?service=a&limit=0", 400, "invalid parameter: limit must be greater than 0"},
		{"/api/traces?service=a&limit=-1", 400, "invalid parameter: limit must be greater than 0"},
		{"/api/traces?service=a&limit=501", 400, "invalid parameter: limit must be at most 500"},
		{"/api/traces?service=a&minDuration=20", 400, `unable to parse param 'minDuration': time: missing unit in duration "20"`},
		{"/api/traces?service=a&maxDuration=long", 400, `unable to parse param 'maxDuration': time: invalid duration "long"`},
		{"/api/traces?service=a&minDuration=2s&maxDuration=1s", 400, "'maxDuration' should be greater than 'minDuration'"},
		{"/api/traces?service=a&start=2&end=1", 400, "invalid parameter: start time must be before end time"},
		{"/api/traces?service=a&tag=key", 400, "malformed 'tag' parameter, expecting key:value, received: key"},
		{"/api/traces?service=a&tags=key", 400, "malformed 'tags' parameter, cannot unmarshal JSON: invalid character 'k' looking for beginning of value"},
		{"/api/traces?service=a&raw=maybe", 400, `unable to parse param 'raw': strconv.ParseBool: parsing "maybe": invalid syntax`},
		{"/api/traces?traceID=zz", 400, `cannot parse traceID param: strconv.ParseUint: parsing "zz": invalid syntax`},
		{"/api/traces?traceID=", 400, `cannot parse traceID param: strconv.ParseUint: parsing "": invalid syntax`},
		{"/api/traces/nonsense", 400, `strconv.ParseUint: parsing "nonsense": invalid syntax`},
		{"/api/traces/1?start=x", 400, `unable to parse param 'start': strconv.ParseInt: parsing "x": invalid syntax`},
		{"/api/traces/1?end=x", 400, `unable to parse param 'end': strconv.ParseInt: parsing "x": invalid syntax`},
		{"/api/traces/1?raw=x", 400, `unable to parse param 'raw': strconv.ParseBool: parsing "x": invalid syntax`},
		{"/api/traces/77", 404, "trace not found"},
		{"/api/dependencies?endTs=x", 400, `unable to parse param 'endTs': strconv.ParseInt: parsing "x": invalid syntax`},
		{"/api/dependencies?lookback=1h", 400, `unable to parse param 'lookback': strconv.ParseInt: parsing "1h": invalid syntax`},
		{"/api/metrics/calls", 400, "unable to parse param 'service': please provide at least one service name"},
		{"/api/metrics/latencies?service=a", 400, `unable to parse param 'quantile': strconv.ParseFloat: parsing "": invalid syntax`},
		{"/api/metrics/calls?service=a&groupByOperation=x", 400, `unable to parse param 'groupByOperation': strconv.ParseBool: parsing "x": invalid syntax`},
		{"/api/metrics/calls?service=a&spanKind=x", 400, "unable to parse param 'spanKind': unsupported span kind: 'x'"},
		{"/api/metrics/calls?service=a&endTs=x", 400, `unable to parse param 'endTs': strconv.ParseInt: parsing "x": invalid syntax`},
		{"/api/metrics/calls?service=a&endTs=-9223372036854775808", 400, "unable to parse param 'endTs': out of range"},
		{"/api/metrics/calls?service=a&step=x", 400, `unable to parse param 'step': strconv.ParseInt: parsing "x": invalid syntax`},
		{"/api/metrics/calls?service=a&step=0", 400, "unable to parse param 'step': must be a positive number of milliseconds"},
		{"/api/metrics/latencies?service=a&quantile=95", 400, "unable to parse param 'quantile': must be from 0 to 1"},
		{"/api/metrics/latencies?service=a&quantile=-0.1", 400, "unable to parse param 'quantile': must be from 0 to 1"},
		{"/api/metrics/latencies?service=a&quantile=NaN", 400, "unable to parse param 'quantile': must be from 0 to 1"},
		{"/api/metrics/calls?service=a&ratePer=-1", 400, "unable to parse param 'ratePer': must be a positive number of milliseconds"},
		{"/api/metrics/calls?service=a&lookback=-1", 400, "unable to parse param 'lookback': must not be negative"},
		{"/api/metrics/calls?service=a&step=7", 400, "the window divides into 4200000 cells of 1ms, the most is 11000: choose a larger step, or a ratePer that is a multiple of it"},
		{"/api", 404, "no such path: /api"},
		{"/api/", 404, "no such path: /api/"},
		{"/api/traces/", 404, "no such path: /api/traces/"},
		{"/api/services/a", 404, "no such path: /api/services/a"},
		{"/api/services/a/b/operations", 404, "no such path: /api/services/a/b/operations"},
		{"/api/deep-dependencies", 404, "no such path: /api/deep-dependencies"},
		{"/api/quality-metrics", 404, "no such path: /api/quality-metrics"},
		{"/api/transform", 405, "use POST"},
		{"/api/archive/1", 405, "use POST"},
	} {
		w := get(h, c.target)
		if got, want := w.Body.String(), errorBody(c.code, c.msg); w.Code != c.code || got != want {
			t.Errorf("%s:\n got %d %s want %d %s", c.target, w.Code, got, c.code, want)
		}
		if got := w.Header().Get("Content-Type"); got != "application/json" {
			t.Errorf("%s: content type %q", c.target, got)
		}
	}
	if w := do(h, "POST", "/api/services", ""); w.Code != 405 || w.Header().Get("Allow") != "GET" {
		t.Errorf("POST services: %d, allow %q", w.Code, w.Header().Get("Allow"))
	}
	if w := do(h, "POST", "/api/v3/traces", ""); w.Code != 405 || w.Header().Get("Allow") != "GET" || w.Body.String() != `{"error":{"httpCode":405,"message":"use GET"}}`+"\n" {
		t.Errorf("POST v3: %d, allow %q, %s", w.Code, w.Header().Get("Allow"), w.Body)
	}
}

func TestBadJSONTags(t *testing.T) {
	w := get(newTestHandler(memoryOf(shop())), `/api/traces?service=a&tags={"a":1}`)
	const prefix = "malformed 'tags' parameter, cannot unmarshal JSON: json: cannot unmarshal number"
	if w.Code != 400 || !strings.Contains(w.Body.String(), prefix) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestStorageFailures(t *testing.T) {
	targets := []string{
		"/api/services", "/api/services/a/operations", "/api/operations?service=a", "/api/traces?service=a",
		"/api/traces?traceID=1", "/api/traces/1", "/api/dependencies", "/api/metrics/calls?service=a",
	}
	for _, c := range []struct {
		err  error
		code int
	}{
		{errors.New("disk on fire"), http.StatusInternalServerError},
		{fmt.Errorf("wrapped: %w", context.Canceled), 499},
		{context.DeadlineExceeded, http.StatusGatewayTimeout},
		{storage.ErrOverloaded, http.StatusServiceUnavailable},
		{storage.ErrClosed, http.StatusServiceUnavailable},
		{storage.ErrTooLarge, http.StatusBadRequest},
		{errors.ErrUnsupported, http.StatusNotImplemented},
	} {
		h := newTestHandler(&memory{spans: storage.NewSpansBuilder(0).Spans(), err: c.err})
		for _, target := range targets {
			if w := get(h, target); w.Code != c.code || w.Body.String() != errorBody(c.code, c.err.Error()) {
				t.Errorf("%s with %v: %d %s", target, c.err, w.Code, w.Body)
			}
		}
	}
}
