package native

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"hash/fnv"
	"net/url"

	"github.com/heddle-io/heddle/query/selection"
	"github.com/heddle-io/heddle/storage"
)

// pageToken says where an answer ended, for the next one to go on. It names
// the window, so that "the last hour" is the same hour on all pages, and the
// question, so that it is not put to another one.
type pageToken struct {
	Version  uint8
	Question uint64 // fingerprint
	Window   storage.Window
	Cursor   selection.Cursor
	Seen     uint32 // traces on the pages so far
}

const tokenVersion = 1

func (t pageToken) String() string {
	var b bytes.Buffer
	t.Version = tokenVersion
	_ = binary.Write(&b, binary.BigEndian, t) // fixed size into memory: cannot fail
	return base64.RawURLEncoding.EncodeToString(b.Bytes())
}

// notPartOfQuestion are the parameters that may differ between pages.
var notPartOfQuestion = []string{"after", "limit", "total", "spans", "start", "end"}

// fingerprint hashes the parameters that make the question.
func fingerprint(q url.Values) uint64 {
	own := url.Values{}
	for name, values := range q {
		own[name] = values
	}
	for _, name := range notPartOfQuestion {
		own.Del(name)
	}
	h := fnv.New64a()
	h.Write([]byte(own.Encode())) // sorted by name
	return h.Sum64()
}

// afterParam reads the token; nil when there is none.
func afterParam(q url.Values) (*pageToken, error) {
	text := q.Get("after")
	if text == "" {
		return nil, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	var t pageToken
	if err != nil || len(raw) != binary.Size(t) {
		return nil, badRequest("after %q: is no token of an answer of this search", clip(text))
	}
	if _, err := binary.Decode(raw, binary.BigEndian, &t); err != nil || t.Version != tokenVersion || t.Window.Empty() {
		return nil, badRequest("after %q: is no token of an answer of this search", clip(text))
	}
	if t.Question != fingerprint(q) {
		return nil, badRequest("after: belongs to a search with other parameters; only limit, spans and total may change from page to page")
	}
	window := t.Window
	if window.FromNs, err = timeParam(q, "start", window.FromNs); err != nil {
		return nil, err
	}
	if window.ToNs, err = timeParam(q, "end", window.ToNs); err != nil {
		return nil, err
	}
	if window != t.Window {
		return nil, badRequest("after: belongs to the window from %d to %d; leave out start and end, or give these", t.Window.FromNs, t.Window.ToNs)
	}
	return &t, nil
}

func clip(text string) string {
	if len(text) > 100 {
		return text[:100] + "…"
	}
	return text
}
