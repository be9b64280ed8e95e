package otlpdirect

import (
	"io"
	"net/http"

	"github.com/heddle-io/heddle/receivers/otlpdirect/bytepool"
	"github.com/heddle-io/heddle/storage"
)

// WholeBody is a request body that a middleware decompresses and that can be
// had at once, together with what it was decompressed from.
type WholeBody interface {
	io.ReadCloser

	// Whole returns the body decompressed and, when the encoding is one that
	// storage.OTLPRequest has, as it arrived. It is called at most once, in
	// place of Read. The memory belongs to the middleware; it is valid until
	// the handler of the request returns.
	Whole() (storage.OTLPRequest, error)
}

// readBody reads and closes the body of r. done must be called when what was
// read is used no more.
func readBody(r *http.Request) (body storage.OTLPRequest, done func(), err error) {
	done = func() {}
	if whole, ok := r.Body.(WholeBody); ok {
		body, err = whole.Whole()
	} else {
		var b *[]byte
		if b, err = bytepool.ReadAll(r.Body, r.ContentLength); err == nil {
			body.Body, done = *b, func() { bytepool.Pool.Put(b) }
		}
	}
	if err != nil {
		return storage.OTLPRequest{}, done, err
	}
	return body, done, r.Body.Close()
}
