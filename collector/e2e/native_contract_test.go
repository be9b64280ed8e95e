package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/heddle-io/heddle/query/api/native/client"
)

// nativeClient is the client that is generated from the contract of the native
// API, and an account of what it was used for. Every answer must be one that
// the contract describes for the operation, by status and content type.
type nativeClient struct {
	*client.ClientWithResponses
	t        *testing.T
	contract contract

	mu       sync.Mutex // guards answered
	answered map[string]bool
}

// contract is what the document says of operations.
type contract struct {
	Paths      map[string]map[string]contractOperation
	Components struct {
		Responses map[string]answerDescription
	}
}

type contractOperation struct {
	ID        string `yaml:"operationId"`
	Responses map[string]answerDescription
}

type answerDescription struct {
	Ref     string `yaml:"$ref"`
	Content map[string]any
}

const nativePrefix = "/heddle/v1"

// newNativeClient reads the contract from the server itself.
func (s *server) newNativeClient(t *testing.T) *nativeClient {
	t.Helper()
	c := &nativeClient{t: t, answered: map[string]bool{}}
	generated, err := client.NewClientWithResponses("http://"+s.query+nativePrefix, client.WithHTTPClient(c))
	if err != nil {
		t.Fatal(err)
	}
	c.ClientWithResponses = generated
	if err := yaml.Unmarshal(s.get(t, nativePrefix+"/openapi.yaml").body, &c.contract); err != nil {
		t.Fatal(err)
	}
	if len(c.contract.Paths) == 0 {
		t.Fatal("the contract has no paths")
	}
	return c
}

// Do implements client.HttpRequestDoer.
func (c *nativeClient) Do(req *http.Request) (*http.Response, error) {
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	o := c.contract.operation(req.Method, strings.TrimPrefix(req.URL.Path, nativePrefix))
	described, ok := o.Responses[strconv.Itoa(res.StatusCode)]
	if !ok {
		c.t.Errorf("%s %s (%s): the contract does not name an answer %d", req.Method, req.URL, o.ID, res.StatusCode)
	}
	if described.Ref != "" {
		described = c.contract.Components.Responses[strings.TrimPrefix(described.Ref, "#/components/responses/")]
	}
	contentType, _, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if _, ok := described.Content[contentType]; err != nil || !ok {
		c.t.Errorf("%s %s (%s): the contract does not name the content type %q of an answer %d", req.Method, req.URL, o.ID, contentType, res.StatusCode)
	}
	if res.StatusCode < 300 {
		c.mu.Lock()
		c.answered[o.ID] = true
		c.mu.Unlock()
	}
	return res, nil
}

// operation finds the one whose path fits; a path without placeholders fits best.
func (c *contract) operation(method, path string) (best contractOperation) {
	parts, least := strings.Split(path, "/"), 100
	for described, methods := range c.Paths {
		o, ok := methods[strings.ToLower(method)]
		names := strings.Split(described, "/")
		if !ok || len(names) != len(parts) {
			continue
		}
		placeholders, fits := 0, true
		for i, name := range names {
			if strings.HasPrefix(name, "{") {
				placeholders++
			} else {
				fits = fits && name == parts[i]
			}
		}
		if fits && placeholders < least {
			best, least = o, placeholders
		}
	}
	return best
}

// expectComplete demands that every operation of the contract was answered.
func (c *nativeClient) expectComplete() {
	c.t.Helper()
	for path, methods := range c.contract.Paths {
		for method, o := range methods {
			if !c.answered[o.ID] {
				c.t.Errorf("%s %s (%s) is in the contract and was not asked successfully", strings.ToUpper(method), path, o.ID)
			}
		}
	}
}

// exactly demands that an answer is what its type in the contract says: it must
// decode without a field that the type lacks, and encode to the same JSON again,
// so that none that the type demands was missing and no value was changed.
func exactly[T any](t *testing.T, what string, body []byte, decoded *T) *T {
	t.Helper()
	if decoded == nil {
		t.Fatalf("%s: not the answer that was expected: %.500s", what, body)
	}
	strict := new(T)
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	d.UseNumber()
	if err := d.Decode(strict); err != nil {
		t.Fatalf("%s: %v in %.500s", what, err, body)
	}
	again, err := json.Marshal(strict)
	if err != nil {
		t.Fatal(err)
	}
	var sent, kept any
	decodeJSON(t, what, body, &sent)
	decodeJSON(t, what, again, &kept)
	if !reflect.DeepEqual(sent, kept) {
		same(t, what+", decoded and encoded again", kept, sent)
	}
	return strict
}

// nativeEvent is one of a stream; those of the contract have a type.
type nativeEvent struct {
	Type string `json:"type"`
	body []byte
}

// eventsOf reads a stream's events from lines of JSON or from server-sent
// events, until it ends or until more says that it has enough.
func eventsOf(t *testing.T, body io.Reader, sse bool, more func(nativeEvent) bool) (list []nativeEvent) {
	t.Helper()
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, 16<<20)
	name := ""
	for lines.Scan() {
		line := lines.Text()
		if sse {
			if after, ok := strings.CutPrefix(line, "event: "); ok {
				name = after
				continue
			}
			after, ok := strings.CutPrefix(line, "data: ")
			if !ok {
				if line != "" {
					t.Fatalf("neither an event nor data: %q", line)
				}
				continue
			}
			line = after
		}
		e := nativeEvent{body: []byte(line)}
		decodeJSON(t, "event", e.body, &e)
		if sse && e.Type != name {
			t.Errorf("an event is called %s and says that it is %s", name, e.Type)
		}
		list = append(list, e)
		if !more(e) {
			return list
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}

func typesOf(events []nativeEvent) (types []string) {
	for _, e := range events {
		if e.Type != "progress" { // when there is one is a matter of time
			types = append(types, e.Type)
		}
	}
	return slices.Compact(types)
}
