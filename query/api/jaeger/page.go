package jaeger

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"math"

	"github.com/heddle-io/heddle/query/selection"
)

// page is what Pagination asks for.
type page interface {
	GetPageSize() uint32
	GetPageToken() string
}

// httpPage is Pagination as parameters.
type httpPage struct {
	size  uint32
	token string
}

func (p httpPage) GetPageSize() uint32  { return p.size }
func (p httpPage) GetPageToken() string { return p.token }

var errNotPaginated = errors.New("invalid parameter: pagination is for summaries, ids and spans, use search_depth")

// setPage makes of a search one of a page. depth is what the request has as
// search_depth.
func (s *search) setPage(p page, depth int32) error {
	switch {
	case depth != 0:
		return badRequestError{errors.New("invalid parameter: pagination and search_depth exclude each other")}
	case p.GetPageSize() == 0:
		return badRequestError{errors.New("invalid parameter: page_size is required")}
	}
	s.depth, s.paged, s.token = int(min(p.GetPageSize(), math.MaxInt32)), true, p.GetPageToken()
	return nil
}

// tokenVersion changes with the meaning of what is in a token.
const tokenVersion = 1

// pageToken says where a page ended, for the next one to go on. The cursor is
// of fixed size. It names the question, so that it is not put to another one.
type pageToken[Cursor any] struct {
	Version  uint8
	Question uint64
	Cursor   Cursor
}

func newPageToken[Cursor any](question uint64, c Cursor) string {
	var b bytes.Buffer
	_ = binary.Write(&b, binary.BigEndian, pageToken[Cursor]{tokenVersion, question, c}) // fixed size into memory: cannot fail
	return base64.RawURLEncoding.EncodeToString(b.Bytes())
}

// readPageToken returns the cursor of a token, nil of an empty one.
func readPageToken[Cursor any](text string, question uint64) (*Cursor, error) {
	if text == "" {
		return nil, nil
	}
	var t pageToken[Cursor]
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) != binary.Size(t) {
		return nil, badRequestError{errors.New("invalid parameter: page_token is no token of an answer of this search")}
	}
	_, err = binary.Decode(b, binary.BigEndian, &t)
	if err != nil || t.Version != tokenVersion {
		return nil, badRequestError{errors.New("invalid parameter: page_token is no token of an answer of this search")}
	}
	if t.Question != question {
		return nil, badRequestError{errors.New("invalid parameter: page_token belongs to a different query; only page_size may change from page to page")}
	}
	return &t.Cursor, nil
}

// fingerprint hashes what makes a question.
func fingerprint(parts ...any) uint64 {
	h := fnv.New64a()
	for _, p := range parts {
		text := fmt.Sprint(p) // of a map sorted by key
		fmt.Fprintf(h, "%d:%s", len(text), text)
	}
	return h.Sum64()
}

func (s *search) fingerprint() uint64 {
	filter := ""
	if s.filter != nil {
		filter = s.filter.String()
	}
	return fingerprint("traces", s.service, s.operation, s.tags, s.window, s.min, s.max, filter)
}

// traceCursor is the place of a trace among those with the newest matches.
type traceCursor selection.Cursor
