package e2e

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var assetReference = regexp.MustCompile(`(?:src|href)="\./([^"]+)"`)

// TestUI fetches the page, its deep links and what it refers to.
func TestUI(t *testing.T) {
	t.Parallel()
	s := shared(t)
	page := s.get(t, "/")
	if page.code != http.StatusOK || !strings.HasPrefix(page.header.Get("Content-Type"), "text/html") {
		t.Fatalf("the page: status %d, %s", page.code, page.header.Get("Content-Type"))
	}
	if _, err := os.Stat(filepath.Join(root, "ui", "dist", "index.html")); err != nil {
		t.Skip("the web UI is not built in this checkout (make ui), so that only the page that says so could be tested")
	}
	if bytes.Contains(page.body, []byte("no web UI in it")) {
		t.Fatal("the web UI is built in this checkout, but the binary was built without it")
	}
	for _, path := range []string{"/traces", "/traces?service=cart&start=-1h", "/traces/" + newTraceID().String(), "/index.html"} {
		if res := s.get(t, path); res.code != http.StatusOK || !bytes.Equal(res.body, page.body) {
			t.Errorf("%s: status %d and another body than the page", path, res.code)
		}
	}
	references := assetReference.FindAllStringSubmatch(string(page.body), -1)
	scripts := 0
	for _, reference := range references {
		res := s.get(t, "/"+reference[1])
		if res.code != http.StatusOK || len(res.body) == 0 || bytes.Equal(res.body, page.body) {
			t.Errorf("%s: status %d, %d bytes", reference[1], res.code, len(res.body))
		}
		if contentType := res.header.Get("Content-Type"); strings.HasSuffix(reference[1], ".js") {
			scripts++
			if !strings.HasPrefix(contentType, "text/javascript") {
				t.Errorf("%s has content type %q, which browsers refuse", reference[1], contentType)
			}
		}
	}
	if scripts == 0 {
		t.Errorf("the page refers to no script:\n%s", page.body)
	}
	for _, path := range []string{"/assets/missing-12345678.js", "/heddle/v1/missing", "/api/missing"} {
		if res := s.get(t, path); res.code != http.StatusNotFound {
			t.Errorf("%s: status %d, want 404 rather than the page", path, res.code)
		}
	}
}

// TestBasePath serves everything below a path, as behind a proxy.
func TestBasePath(t *testing.T) {
	t.Parallel()
	a, err := freeAddresses()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	args := append([]string{"--data-dir", filepath.Join(dir, "data"), "--set", "extensions::heddle_query::base_path=/mesh/heddle"}, a.serverFlags()...)
	p, err := start(dir, args...)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{process: p, addresses: a, dir: dir, args: args}
	t.Cleanup(func() { s.mustStop(t) })
	eventually(t, "heddle below its base path", func() bool {
		res, err := tryGet("http://" + s.query + "/mesh/heddle/-/ready")
		return err == nil && res.code == http.StatusOK
	})
	ids := sendTo(t, a, "base-path", 1)
	for _, path := range []string{"/api/services", "/jaeger/api/services", "/api/traces/" + ids[0], "/heddle/v1/status", "/heddle/v1/openapi.yaml", "/metrics", "/"} {
		if res := s.get(t, "/mesh/heddle"+path); res.code != http.StatusOK {
			t.Errorf("%s below the base path: status %d", path, res.code)
		}
	}
}
