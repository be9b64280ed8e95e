package native

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/heddle-io/heddle/storage"
)

type keyInfo struct {
	Scope string   `json:"scope"`
	Name  string   `json:"name"`
	Types []string `json:"types"`
	Count uint64   `json:"count"`
}

func (a *api) keys(r *http.Request) (any, error) {
	window, err := windowParam(r.URL.Query())
	if err != nil {
		return nil, err
	}
	infos, err := a.spans.Keys(r.Context(), window)
	if err != nil {
		return nil, err
	}
	list := make([]keyInfo, len(infos))
	for i, info := range infos {
		list[i] = keyInfo{Scope: info.Key.Scope.String(), Name: info.Key.Name, Count: info.Count}
		for _, t := range info.Types {
			list[i].Types = append(list[i].Types, t.String())
		}
	}
	return struct {
		Keys []keyInfo `json:"keys"`
	}{list}, nil
}

type valueCount struct {
	Value string `json:"value"`
	Spans uint64 `json:"spans"`
}

var valueScopes = map[string]storage.Scope{
	"resource": storage.ScopeResource, "scope": storage.ScopeInstrumentation, "span": storage.ScopeSpan,
	"event": storage.ScopeEvent, "link": storage.ScopeLink,
}

// values lists the values of a key in one scope, or in all that have it. The
// conditions of a search narrow the spans, as far as spans alone tell.
func (a *api) values(r *http.Request) (any, error) {
	q := r.URL.Query()
	window, err := windowParam(q)
	if err != nil {
		return nil, err
	}
	name := q.Get("key")
	if name == "" {
		return nil, badRequest("key: is required; /heddle/v1/keys lists them")
	}
	limit, err := intParam(q, "limit", 100, 1, 1000)
	if err != nil {
		return nil, err
	}
	where, err := searchPredicate(q)
	if err != nil {
		return nil, err
	}
	var scopes []storage.Scope
	if text := q.Get("scope"); text == "" || text == "any" {
		if scopes, err = a.scopesOf(r.Context(), name, window); err != nil {
			return nil, err
		}
	} else if scope, ok := valueScopes[text]; ok {
		scopes = []storage.Scope{scope}
	} else {
		return nil, badRequest("scope %q: must be resource, scope, span, event, link or any", clip(text))
	}
	// Tags are searched by their text: the int 200 and the string "200" are one
	// entry to the person who chooses.
	list := make([]valueCount, 0, limit)
	index := map[string]int{}
	more, partial := false, ""
	for _, scope := range scopes {
		res, err := a.spans.Values(r.Context(), storage.ValuesQuery{
			Window: window, Key: storage.Key{Scope: scope, Name: name}, Where: where, Prefix: q.Get("prefix"), Limit: addedValues,
		})
		if err != nil {
			return nil, err
		}
		more = more || res.More
		switch {
		case res.Cut:
			partial = "there are too many values to count them all: others may be more frequent"
		case res.More && len(scopes) > 1 && partial == "":
			partial = fmt.Sprintf("one scope has more than %d values: the counts of those that another has, too, may be too low; ask for one scope", addedValues)
		}
		for _, v := range res.Values {
			text := v.Value.Text()
			if i, ok := index[text]; ok {
				list[i].Spans += v.Count
				continue
			}
			index[text] = len(list)
			list = append(list, valueCount{text, v.Count})
		}
	}
	slices.SortStableFunc(list, func(x, y valueCount) int {
		return cmp.Or(cmp.Compare(y.Spans, x.Spans), cmp.Compare(x.Value, y.Value))
	})
	if len(list) > limit {
		list, more = list[:limit], true
	}
	return struct {
		Values  []valueCount `json:"values"`
		More    bool         `json:"more"`
		Partial string       `json:"partial,omitempty"`
	}{list, more, partial}, nil
}

// addedValues are the values of a scope whose counts are added to those that
// another scope, or another type, has under the same text. It is a variable for
// tests.
var addedValues = 10_000

// scopesOf lists the scopes in which spans have the key.
func (a *api) scopesOf(ctx context.Context, name string, w storage.Window) (scopes []storage.Scope, err error) {
	infos, err := a.spans.Keys(ctx, w)
	if err != nil {
		return nil, err
	}
	for _, info := range infos {
		if info.Key.Name == name {
			scopes = append(scopes, info.Key.Scope)
		}
	}
	return scopes, nil
}
