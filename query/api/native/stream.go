package native

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/heddle-io/heddle/query/selection"
)

// eventStream writes events as they happen: as server-sent events to clients
// that accept those, otherwise as one JSON object a line. In both, the object
// has the event's name as "type". The first error ends it: the client is gone.
type eventStream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	sse     bool
	err     error
}

// eventTimeout is how long a client may take to read an event before it counts
// as gone.
const eventTimeout = 30 * time.Second

func newEventStream(w http.ResponseWriter, r *http.Request) *eventStream {
	s := &eventStream{w: w, control: http.NewResponseController(w), sse: strings.Contains(r.Header.Get("Accept"), "text/event-stream")}
	if s.sse {
		w.Header().Set("Content-Type", "text/event-stream")
	} else {
		w.Header().Set("Content-Type", "application/x-ndjson")
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would collect the events
	return s
}

// send writes one event, an object whose field "type" is name.
func (s *eventStream) send(name string, event any) error {
	if s.err != nil {
		return s.err
	}
	body, err := json.Marshal(event)
	if err != nil {
		s.err = err
		return err
	}
	if s.sse {
		body = append([]byte("event: "+name+"\ndata: "), append(body, "\n\n"...)...)
	} else {
		body = append(body, '\n')
	}
	// Not every writer has deadlines; then the request's context has to do.
	_ = s.control.SetWriteDeadline(time.Now().Add(eventTimeout))
	if _, s.err = s.w.Write(body); s.err == nil {
		flushAll(s.w)
	}
	return s.err
}

// flushAll flushes every writer on the way to the client. One that compresses
// does not pass it on when the one behind it only counts.
func flushAll(w http.ResponseWriter) {
	for {
		if f, ok := w.(http.Flusher); ok {
			f.Flush()
		}
		inner, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return
		}
		w = inner.Unwrap()
	}
}

type errorEvent struct {
	Type  string    `json:"type"`
	Error errorJSON `json:"error"`
}

// fail tells the client why the stream ends.
func (s *eventStream) fail(err error) {
	_ = s.send("error", errorEvent{"error", asAPIError(err).json()}) // whoever is gone needs no reason
}

type traceEvent struct {
	Type  string       `json:"type"`
	Trace traceSummary `json:"trace"`
}

type progressEvent struct {
	Type  string    `json:"type"`
	Stats statsJSON `json:"stats"`
}

// endEvent is a searchAnswer without its traces.
type endEvent struct {
	Type    string    `json:"type"`
	More    bool      `json:"more"`
	After   string    `json:"after,omitempty"`
	Total   totalJSON `json:"total"`
	Partial string    `json:"partial,omitempty"`
	Stats   statsJSON `json:"stats"`
}

// progressEvery is the least time between two progress events.
const progressEvery = 250 * time.Millisecond

// searchStream answers like search, each trace as soon as its place is
// certain.
func (a *api) searchStream(w http.ResponseWriter, r *http.Request) {
	s, err := a.searchRequest(r)
	if err != nil {
		writeError(w, err)
		return
	}
	stream := newEventStream(w, r)
	last := a.now()
	s.search.Progress = func(stats selection.Stats) {
		if now := a.now(); now.Sub(last) >= progressEvery {
			last = now
			_ = stream.send("progress", progressEvent{"progress", newStats(stats)}) // the stream keeps its error
		}
	}
	res, err := a.runSearch(r.Context(), &s, func(t traceSummary) error { return stream.send("trace", traceEvent{"trace", t}) })
	if err != nil {
		stream.fail(err)
		return
	}
	_ = stream.send("end", endEvent{"end", res.More, res.After, res.Total, res.Partial, res.Stats}) // nothing follows
}
