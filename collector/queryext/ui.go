package queryext

import (
	"bytes"
	"errors"
	"html"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"regexp"
	"strings"
	"time"
)

// uiHandler serves the built UI. What is not a file is an address inside the
// UI and gets index.html.
type uiHandler struct {
	assets fs.FS
	index  []byte
}

const notBuilt = `<!doctype html><meta charset="utf-8"><title>heddle</title>
<body style="font:16px/1.5 system-ui;max-width:40em;margin:4em auto;padding:0 1em">
<h1>heddle runs, but this binary has no web UI in it</h1>
<p>Build it with <code>npm ci &amp;&amp; npm run build</code> in the folder <code>ui</code>, then build heddle again.
<p>The API works: <a href="heddle/v1/status">heddle/v1/status</a>, <a href="metrics">metrics</a>.
`

func newUI(assets fs.FS, built bool, base string) http.Handler {
	index := []byte(notBuilt)
	if built {
		if b, err := fs.ReadFile(assets, "index.html"); err == nil {
			// Everything in the UI is relative to this one line.
			index = bytes.Replace(b, []byte(`<base href="/"`), []byte(`<base href="`+html.EscapeString(base)+`/"`), 1)
		}
	}
	return gzipped(&uiHandler{assets: assets, index: index})
}

// hashed matches names that change with their content, as Vite makes them.
var hashed = regexp.MustCompile(`^assets/.*-[A-Za-z0-9_-]{8,}\.[a-z0-9.]+$`)

func (h *uiHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		answerText(w, http.StatusMethodNotAllowed, "the UI is read with GET; the API is at heddle/v1\n")
		return
	}
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Referrer-Policy", "same-origin")
	if name == "" || name == "index.html" || strings.HasPrefix(path.Base(name), ".") || !h.serveFile(w, r, name) {
		h.serveIndex(w, r, name)
	}
}

// serveIndex answers with the page. An asset that is missing stays missing: a
// page in place of a script makes for a puzzling error in the browser. So does
// one in place of an answer of an API that is not there.
func (h *uiHandler) serveIndex(w http.ResponseWriter, r *http.Request, name string) {
	if strings.HasPrefix(name, "assets/") || strings.HasPrefix(name, "api/") || strings.HasPrefix(name, "heddle/") {
		answerText(w, http.StatusNotFound, "there is nothing at this address\n")
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	http.ServeContent(w, r, "index.html", time.Time{}, bytes.NewReader(h.index))
}

func (h *uiHandler) serveFile(w http.ResponseWriter, r *http.Request, name string) bool {
	content, err := fs.ReadFile(h.assets, name)
	if err != nil {
		return false // fs.ErrNotExist, or a directory
	}
	if hashed.MatchString(name) {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		w.Header().Set("Cache-Control", "no-cache")
	}
	if contentType := mime.TypeByExtension(path.Ext(name)); contentType != "" {
		w.Header().Set("Content-Type", contentType)
	}
	for _, packed := range []struct{ encoding, suffix string }{{"br", ".br"}, {"gzip", ".gz"}} {
		b, err := fs.ReadFile(h.assets, name+packed.suffix)
		if errors.Is(err, fs.ErrNotExist) || !accepts(r, packed.encoding) {
			continue
		}
		w.Header().Set("Content-Encoding", packed.encoding)
		w.Header().Add("Vary", "Accept-Encoding")
		content = b
		break
	}
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
	return true
}

// accepts says whether the client takes an encoding. It reads no weights other
// than 0: a browser takes what it lists.
func accepts(r *http.Request, encoding string) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(part), ";")
		if name == encoding {
			return strings.ReplaceAll(q, " ", "") != "q=0"
		}
	}
	return false
}
