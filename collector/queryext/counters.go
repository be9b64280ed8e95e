package queryext

import (
	"net/http"
	"runtime/debug"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
)

// counters live as long as the process, through all configurations.
type counters struct {
	requests *prometheus.CounterVec
	calls    *prometheus.CounterVec
	panics   prometheus.Counter

	queries   *prometheus.CounterVec
	durations *prometheus.HistogramVec
	inFlight  prometheus.Gauge
	waiting   prometheus.Gauge
}

func newCounters(metrics prometheus.Registerer) (*counters, error) {
	c := &counters{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "heddle_http_requests_total", Help: "Requests to the query server, by what served them and status code.",
		}, []string{"handler", "code"}),
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "heddle_grpc_calls_total", Help: "gRPC calls to the query server, by the API that served them, method and status code.",
		}, []string{"handler", "method", "code"}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "heddle_http_panics_total", Help: "Requests to the query server that failed by a bug in heddle.",
		}),
		queries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "heddle_queries_total", Help: "Queries over HTTP and gRPC by API and outcome: ok, invalid, canceled, timeout, refused or failed.",
		}, []string{"api", "outcome"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "heddle_query_duration_seconds", Help: "Time from the arrival of a query until it was answered, waiting included, by API. Those that found no room are not in it.",
			Buckets: []float64{.005, .02, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
		}, []string{"api"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "heddle_queries_in_flight", Help: "Queries under way; max_concurrent_queries bounds them.",
		}),
		waiting: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "heddle_queries_waiting", Help: "Queries that wait for others to end.",
		}),
	}
	for _, collector := range []prometheus.Collector{c.requests, c.calls, c.panics, c.queries, c.durations, c.inFlight, c.waiting} {
		if err := metrics.Register(collector); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// watch counts the requests to h and turns a panic into a 500 of that request.
func (q *query) watch(name string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		watched := &statusWriter{ResponseWriter: w}
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler {
					panic(p)
				}
				q.counters.panics.Inc()
				q.set.Logger.Error("panic on a request", zap.String("path", r.URL.Path), zap.Any("panic", p), zap.ByteString("stack", debug.Stack()))
				if watched.code == 0 {
					http.Error(watched, `{"error":{"code":"internal","message":"heddle failed on this request; its log has the details"}}`, http.StatusInternalServerError)
				}
			}
			q.counters.requests.WithLabelValues(name, strconv.Itoa(watched.status())).Inc()
		}()
		h.ServeHTTP(watched, r)
	})
}

type statusWriter struct {
	http.ResponseWriter
	code  int
	bytes int64 // of the body, as it is sent
}

func (w *statusWriter) WriteHeader(code int) {
	if w.code == 0 && code >= 200 { // 1xx are followed by the real one
		w.code = code
	}
	w.ResponseWriter.WriteHeader(code)
}

func (w *statusWriter) Write(p []byte) (int, error) {
	w.code = w.status()
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}

func (w *statusWriter) status() int {
	if w.code == 0 {
		return http.StatusOK
	}
	return w.code
}

// Unwrap lets http.ResponseController reach flushing and deadlines.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
