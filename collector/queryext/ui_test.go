package queryext

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

var built = fstest.MapFS{
	"index.html":                   {Data: []byte(`<head><base href="/" /></head>`)},
	"favicon.svg":                  {Data: []byte("<svg/>")},
	"assets/main-B3xYz_12.js":      {Data: []byte("script " + strings.Repeat("x", 5000))},
	"assets/main-B3xYz_12.js.br":   {Data: []byte("brotli")},
	"assets/style-C9aBcD34.css":    {Data: []byte(strings.Repeat("a{}", 2000))},
	"assets/inter-latin.woff2":     {Data: []byte("wOF2")},
	".secret":                      {Data: []byte("secret")},
	"assets/style-C9aBcD34.css.gz": {Data: []byte("gzip")},
}

func TestUI(t *testing.T) {
	const immutable, revalidate = "public, max-age=31536000, immutable", "no-cache"
	h := newUI(built, true, "/mesh")
	for _, c := range []struct {
		path, accept string
		code         int
		body         string // prefix
		cache        string
		encoding     string
		contentType  string // prefix
	}{
		{"/", "", 200, `<head><base href="/mesh/" />`, revalidate, "", "text/html"},
		{"/trace/0123456789abcdef", "", 200, `<head><base href="/mesh/" />`, revalidate, "", "text/html"},
		{"/index.html", "", 200, `<head><base href="/mesh/" />`, revalidate, "", "text/html"},
		{"/favicon.svg", "", 200, "<svg/>", revalidate, "", "image/svg+xml"},
		{"/assets/main-B3xYz_12.js", "", 200, "script", immutable, "", "text/javascript"},
		{"/assets/main-B3xYz_12.js", "gzip, br;q=1", 200, "brotli", immutable, "br", "text/javascript"},
		{"/assets/main-B3xYz_12.js", "br;q=0", 200, "script", immutable, "", "text/javascript"},
		{"/assets/main-B3xYz_12.js", "gzip", 200, "\x1f\x8b", immutable, "gzip", "text/javascript"},
		{"/assets/style-C9aBcD34.css", "gzip", 200, "gzip", immutable, "gzip", "text/css"},
		{"/assets/inter-latin.woff2", "", 200, "wOF2", revalidate, "", "font/woff2"},
		{"/assets/gone-B3xYz_12.js", "", 404, "there is nothing", "", "", "text/plain"},
		{"/api/v9/nothing", "", 404, "there is nothing", "", "", "text/plain"},
		{"/.secret", "", 200, "<head>", revalidate, "", "text/html"},
		{"/assets", "", 200, "<head>", revalidate, "", "text/html"},
		{"/../../etc/passwd", "", 200, "<head>", revalidate, "", "text/html"},
	} {
		r := httptest.NewRequest(http.MethodGet, c.path, nil)
		r.Header.Set("Accept-Encoding", c.accept)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		got := w.Result()
		if got.StatusCode != c.code || !strings.HasPrefix(w.Body.String(), c.body) || got.Header.Get("Cache-Control") != c.cache ||
			got.Header.Get("Content-Encoding") != c.encoding || !strings.HasPrefix(got.Header.Get("Content-Type"), c.contentType) {
			t.Errorf("%s (%s): %d %v %.40q", c.path, c.accept, got.StatusCode, got.Header, w.Body)
		}
	}
}

func TestUIThatWasNotBuilt(t *testing.T) {
	w := httptest.NewRecorder()
	newUI(fstest.MapFS{}, false, "").ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "npm run build") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestUIIsReadOnly(t *testing.T) {
	w := httptest.NewRecorder()
	newUI(built, true, "").ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Error(w.Code)
	}
}
