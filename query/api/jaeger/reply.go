package jaeger

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"sync"

	"github.com/heddle-io/heddle/query/api/failure"
	"github.com/heddle-io/heddle/query/api/jsontext"
	"github.com/heddle-io/heddle/storage"
)

const contentType = "application/json"

// flushBytes is how much of a reply is collected before it is sent.
const flushBytes = 64 << 10

// reply is a JSON body under construction. Builders append to buf and call
// flush between records.
type reply struct {
	buf    []byte
	w      http.ResponseWriter
	pretty bool
	pooled *[]byte // where buf goes back to
	sent   bool    // a part of it is with the client
	err    error   // of the client's connection; nothing more is sent after it
}

func newReply(w http.ResponseWriter, r *http.Request) *reply {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	p := r.URL.Query().Get("prettyPrint")
	b := buffers.Get().(*[]byte)
	return &reply{w: w, pretty: p != "" && p != "false", pooled: b, buf: (*b)[:0]}
}

// buffers holds buffers of replies that were finished.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// maxPooledBytes keeps a buffer that one huge value grew out of the pool.
const maxPooledBytes = 4 * flushBytes

// maxPrettyBytes bounds a reply that is indented, which takes all of it in
// memory. A longer one is sent as it is.
const maxPrettyBytes = 8 << 20

// flush sends what was collected when it is worth it. Builders of long bodies
// stop when ok is false: the client has gone.
func (p *reply) flush() (ok bool) {
	if p.pretty && len(p.buf) >= maxPrettyBytes {
		p.pretty = false
	}
	if len(p.buf) < flushBytes || p.pretty {
		return p.err == nil
	}
	p.send()
	return p.err == nil
}

func (p *reply) send() {
	if p.err == nil {
		_, p.err = p.w.Write(p.buf)
		p.sent = true
	}
	p.buf = p.buf[:0]
}

// close sends the rest; the reply must not be used afterwards.
func (p *reply) close() {
	if p.pretty {
		var indented bytes.Buffer
		if json.Indent(&indented, p.buf, "", "    ") == nil {
			p.buf = indented.Bytes()
		}
	}
	p.send()
	if cap(p.buf) <= maxPooledBytes {
		*p.pooled = p.buf
		buffers.Put(p.pooled)
	}
	p.buf = nil
}

// openData begins the envelope; the data must follow.
func (p *reply) openData() { p.buf = append(p.buf, `{"data":`...) }

// closeData ends the envelope and the reply.
func (p *reply) closeData(total int, problems []problem) {
	p.buf = append(p.buf, `,"total":`...)
	p.buf = strconv.AppendInt(p.buf, int64(total), 10)
	p.buf = append(p.buf, `,"limit":0,"offset":0,"errors":`...)
	p.buf = append(appendProblems(p.buf, problems), '}')
	p.close()
}

// problem is an entry of the envelope's errors.
type problem struct {
	code    int             // left out when 0
	traceID storage.TraceID // left out when empty
	msg     string
}

func appendProblems(b []byte, problems []problem) []byte {
	if problems == nil {
		return append(b, "null"...)
	}
	b = append(b, '[')
	for i, p := range problems {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '{')
		if p.code != 0 {
			b = strconv.AppendInt(append(b, `"code":`...), int64(p.code), 10)
			b = append(b, ',')
		}
		b = jsontext.AppendString(append(b, `"msg":`...), p.msg)
		if !p.traceID.IsEmpty() {
			b = appendTraceID(append(b, `,"traceID":"`...), p.traceID)
			b = append(b, '"')
		}
		b = append(b, '}')
	}
	return append(b, ']')
}

func writeError(w http.ResponseWriter, code int, err error) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(code)
	b := []byte(`{"data":null,"total":0,"limit":0,"offset":0,"errors":`)
	b = appendProblems(b, []problem{{code: code, msg: err.Error()}})
	_, _ = w.Write(append(b, '}', '\n')) // nobody is left to tell
}

// writeFailure answers for a read or write of storage that failed.
func writeFailure(w http.ResponseWriter, err error) { writeError(w, failureCode(err), err) }

func failureCode(err error) int {
	switch {
	case errors.As(err, &badRequestError{}):
		return http.StatusBadRequest
	case errors.Is(err, errTraceNotFound):
		return http.StatusNotFound
	}
	return failure.Status(err)
}
