package native

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/heddle-io/heddle/query/trace"
	"github.com/heddle-io/heddle/storage"
)

// maxSpanIDs bounds one request for details.
const maxSpanIDs = 500

type spanJSON struct {
	TraceID           string       `json:"traceId"`
	SpanID            string       `json:"spanId"`
	ParentSpanID      string       `json:"parentSpanId,omitempty"`
	TraceState        string       `json:"traceState,omitempty"`
	Flags             uint32       `json:"flags,omitempty"`
	Name              string       `json:"name"`
	Kind              string       `json:"kind"`
	Start             string       `json:"startUnixNano"`
	DurationNs        int64        `json:"durationNs"`
	Status            statusJSON   `json:"status"`
	Service           string       `json:"service"`
	Resource          resourceJSON `json:"resource"`
	Scope             scopeJSON    `json:"scope"`
	Attributes        []attrJSON   `json:"attributes"`
	Events            []eventJSON  `json:"events"`
	Links             []linkJSON   `json:"links"`
	DroppedAttributes uint32       `json:"droppedAttributes,omitempty"`
	DroppedEvents     uint32       `json:"droppedEvents,omitempty"`
	DroppedLinks      uint32       `json:"droppedLinks,omitempty"`
	Notes             []string     `json:"notes,omitempty"`
}

type statusJSON struct {
	Code    string `json:"code"`
	Message string `json:"message,omitempty"`
}

type resourceJSON struct {
	Attributes        []attrJSON `json:"attributes"`
	SchemaURL         string     `json:"schemaUrl,omitempty"`
	DroppedAttributes uint32     `json:"droppedAttributes,omitempty"`
}

type scopeJSON struct {
	Name       string     `json:"name,omitempty"`
	Version    string     `json:"version,omitempty"`
	Attributes []attrJSON `json:"attributes,omitempty"`
	SchemaURL  string     `json:"schemaUrl,omitempty"`
}

type eventJSON struct {
	Name       string     `json:"name"`
	Time       string     `json:"timeUnixNano"`
	Attributes []attrJSON `json:"attributes"`
}

type linkJSON struct {
	TraceID    string     `json:"traceId"`
	SpanID     string     `json:"spanId"`
	TraceState string     `json:"traceState,omitempty"`
	Attributes []attrJSON `json:"attributes"`
}

type attrJSON struct {
	Key   string          `json:"key"`
	Type  string          `json:"type"`
	Value json.RawMessage `json:"value"`
}

func (a *api) traceSpans(r *http.Request) (any, error) {
	text := r.URL.Query().Get("id")
	if text == "" {
		return nil, badRequest("id: is required: span ids, comma separated")
	}
	parts := strings.Split(text, ",")
	if len(parts) > maxSpanIDs {
		return nil, badRequest("id: %d ids, at most %d may be asked for at once", len(parts), maxSpanIDs)
	}
	wanted := make(map[storage.SpanID]bool, len(parts))
	for _, part := range parts {
		id, err := storage.ParseSpanID(part)
		if err != nil {
			return nil, badRequest("id: %v", err)
		}
		wanted[id] = true
	}
	t, err := a.getTrace(r)
	if err != nil {
		return nil, err
	}
	list := []spanJSON{}
	for p, row := range t.Rows {
		if wanted[t.Spans.SpanIDs[row]] {
			list = append(list, newSpanJSON(t, p))
		}
	}
	return struct {
		Spans []spanJSON `json:"spans"`
	}{list}, nil
}

func newSpanJSON(t *trace.Trace, p int) spanJSON {
	s, row := t.Spans, int(t.Rows[p])
	res, scope := s.ResourceTable[s.Resources[row]], s.ScopeTable[s.Scopes[row]]
	out := spanJSON{
		TraceID: t.ID.String(), SpanID: s.SpanIDs[row].String(),
		TraceState: s.Strings[s.TraceStates[row]], Flags: s.Flags[row],
		Name: s.Name(row), Kind: enumName(kindNames, s.Kinds[row]),
		Start: strconv.FormatInt(s.StartsNs[row], 10), DurationNs: s.DurationsNs[row],
		Status:   statusJSON{enumName(statusNames, s.Statuses[row]), s.Strings[s.StatusMessages[row]]},
		Service:  s.Service(row),
		Resource: resourceJSON{attrsJSON(s, res.Attributes), s.Strings[res.SchemaURL], res.DroppedAttributes},
		Scope: scopeJSON{
			Name: s.Strings[scope.Name], Version: s.Strings[scope.Version],
			Attributes: attrsJSON(s, scope.Attributes), SchemaURL: s.Strings[scope.SchemaURL],
		},
		Attributes:        attrsJSON(s, s.Attributes[row]),
		Events:            []eventJSON{},
		Links:             []linkJSON{},
		DroppedAttributes: s.Dropped[row].Attributes, DroppedEvents: s.Dropped[row].Events, DroppedLinks: s.Dropped[row].Links,
		Notes: t.SpanNotes(p),
	}
	if !s.ParentIDs[row].IsEmpty() {
		out.ParentSpanID = s.ParentIDs[row].String()
	}
	for _, e := range s.EventsOf(row) {
		out.Events = append(out.Events, eventJSON{s.Strings[e.Name], strconv.FormatInt(e.TimeNs, 10), attrsJSON(s, e.Attributes)})
	}
	for _, l := range s.LinksOf(row) {
		out.Links = append(out.Links, linkJSON{l.TraceID.String(), l.SpanID.String(), s.Strings[l.TraceState], attrsJSON(s, l.Attributes)})
	}
	return out
}

func attrsJSON(s *storage.Spans, r storage.Range) []attrJSON {
	list := make([]attrJSON, 0, r.To-r.From)
	for _, a := range s.List(r) {
		v := s.Value(a)
		list = append(list, attrJSON{s.Strings[a.Key], v.Type().String(), valueJSON(v)})
	}
	return list
}

// maxExact is the largest whole number that a JSON reader with doubles keeps.
const maxExact = 1<<53 - 1

func valueJSON(v storage.Value) json.RawMessage {
	switch v.Type() {
	case storage.TypeInt:
		if i := v.Int(); i >= -maxExact && i <= maxExact {
			return json.RawMessage(strconv.FormatInt(i, 10))
		}
		return quote(v.Text())
	case storage.TypeFloat:
		if f := v.Float(); math.IsNaN(f) || math.IsInf(f, 0) {
			return quote(v.Text())
		}
		b, err := json.Marshal(v.Float())
		if err != nil {
			return quote(v.Text())
		}
		return b
	case storage.TypeBool:
		return json.RawMessage(strconv.FormatBool(v.Bool()))
	case storage.TypeBytes:
		return quote(base64.StdEncoding.EncodeToString([]byte(v.Str())))
	case storage.TypeArray, storage.TypeMap:
		p := pcommon.NewValueEmpty()
		if err := v.CopyTo(p); err != nil {
			return quote(err.Error())
		}
		if b, err := json.Marshal(p.AsRaw()); err == nil {
			return b
		}
		return quote(p.AsString()) // NaN inside: JSON has no number for it
	case storage.TypeEmpty, storage.TypeAbsent:
		return json.RawMessage("null")
	}
	return quote(v.Str())
}

func quote(text string) json.RawMessage {
	b, _ := json.Marshal(text) // a string cannot fail
	return b
}
