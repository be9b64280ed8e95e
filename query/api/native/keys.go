package native

import (
	"net/http"

	"github.com/heddle-io/heddle/storage"
)

type keyInfo struct {
	Scope string   `json:"scope"`
	Name  string   `json:"name"`
	Types []string `json:"types"`
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
		list[i] = keyInfo{Scope: info.Key.Scope.String(), Name: info.Key.Name}
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
}

func (a *api) values(r *http.Request) (any, error) {
	q := r.URL.Query()
	window, err := windowParam(q)
	if err != nil {
		return nil, err
	}
	scope, ok := valueScopes[q.Get("scope")]
	if !ok {
		return nil, badRequest("scope %q: must be resource, scope or span", q.Get("scope"))
	}
	if q.Get("key") == "" {
		return nil, badRequest("key: is required; /heddle/v1/keys lists them")
	}
	limit, err := intParam(q, "limit", 100, 1, 1000)
	if err != nil {
		return nil, err
	}
	res, err := a.spans.Values(r.Context(), storage.ValuesQuery{
		Window: window, Key: storage.Key{Scope: scope, Name: q.Get("key")}, Prefix: q.Get("prefix"), Limit: limit,
	})
	if err != nil {
		return nil, err
	}
	// Tags are searched by their text: the int 200 and the string "200" are one
	// entry to the person who chooses.
	list := make([]valueCount, 0, len(res.Values))
	index := map[string]int{}
	for _, v := range res.Values {
		text := v.Value.Text()
		if i, ok := index[text]; ok {
			list[i].Spans += v.Count
			continue
		}
		index[text] = len(list)
		list = append(list, valueCount{text, v.Count})
	}
	return struct {
		Values []valueCount `json:"values"`
		More   bool         `json:"more"`
	}{list, res.More}, nil
}
