package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"
)

// response is an HTTP answer that was read to its end.
type response struct {
	code   int
	header http.Header
	body   []byte
}

// do sends a request and reads the answer.
func do(req *http.Request) (response, error) {
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return response{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return response{res.StatusCode, res.Header, body}, err
}

// get asks the query port.
func (s *server) get(t *testing.T, path string) response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.query+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := do(req)
	if err != nil {
		t.Fatalf("GET %s: %v\n%s", path, err, s.output)
	}
	return res
}

// getJSON asks the query port for JSON and demands status 200.
func (s *server) getJSON(t *testing.T, path string, into any) {
	t.Helper()
	res := s.get(t, path)
	if res.code != http.StatusOK {
		t.Fatalf("GET %s: status %d: %s", path, res.code, res.body)
	}
	decodeJSON(t, "GET "+path, res.body, into)
}

// decodeJSON keeps numbers as they were written.
func decodeJSON(t *testing.T, what string, body []byte, into any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		t.Fatalf("%s: %v in %.300s", what, err, body)
	}
}

// post sends a body; headers are name, value pairs.
func post(t *testing.T, url string, body []byte, headers ...string) response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := do(req)
	if err != nil {
		t.Fatalf("POST %s: %v", url, err)
	}
	return res
}
