package native

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/heddle-io/heddle/query/red"
	"github.com/heddle-io/heddle/storage"
)

// number is a float64 that is null in JSON when it is NaN or infinite.
type number float64

func (n number) MarshalJSON() ([]byte, error) {
	if f := float64(n); math.IsNaN(f) || math.IsInf(f, 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

// typedValue is a value of a key, as the person who chooses sees it (Text) and
// as it is stored.
type typedValue struct {
	Text  string          `json:"text"`
	Type  string          `json:"type"`
	Value json.RawMessage `json:"value"`
}

func newTypedValue(key storage.Key, v storage.Value) typedValue {
	t := typedValue{v.Text(), v.Type().String(), valueJSON(v)}
	if v.Type() == storage.TypeInt && v.Int() >= 0 {
		switch key {
		case storage.KeyKind:
			t.Text = enumName(kindNames, uint8(min(v.Int(), math.MaxUint8)))
		case storage.KeyStatus:
			t.Text = enumName(statusNames, uint8(min(v.Int(), math.MaxUint8)))
		}
	}
	return t
}

func newKeyJSON(k storage.Key) keyJSON { return keyJSON{k.Scope.String(), k.Name} }

// groupScopes are the scopes that a key parameter may name.
var groupScopes = map[string]storage.Scope{
	"resource": storage.ScopeResource, "scope": storage.ScopeInstrumentation, "span": storage.ScopeSpan,
	"event": storage.ScopeEvent, "link": storage.ScopeLink, "intrinsic": storage.ScopeIntrinsic,
}

// groupIntrinsics are the fields by which grouping makes sense.
var groupIntrinsics = map[string]storage.Key{
	"name": storage.KeyName, "kind": storage.KeyKind, "status": storage.KeyStatus, "status_message": storage.KeyStatusMessage,
	"scope_name": storage.KeyScopeName, "scope_version": storage.KeyScopeVersion, "event_name": storage.KeyEventName, "trace_state": storage.KeyTraceState,
}

// keyParams reads keys as in resource.service.name, span.http.route or
// intrinsic.status; absent when the parameter is not given.
func keyParams(name string, texts []string, most int, absent ...storage.Key) ([]storage.Key, error) {
	if len(texts) == 0 {
		return absent, nil
	}
	if len(texts) > most {
		return nil, badRequest("%s: is given %d times, at most %d are possible", name, len(texts), most)
	}
	keys := make([]storage.Key, len(texts))
	for i, text := range texts {
		scopeText, attribute, _ := strings.Cut(text, ".")
		scope, ok := groupScopes[scopeText]
		if !ok || attribute == "" {
			return nil, badRequest("%s %q: must be a key with its scope: resource., scope., span., event., link. or intrinsic. and the name", name, clip(text))
		}
		keys[i] = storage.Key{Scope: scope, Name: attribute}
		if scope == storage.ScopeIntrinsic {
			if keys[i], ok = groupIntrinsics[attribute]; !ok {
				return nil, badRequest("%s %q: intrinsics are name, kind, status, status_message, scope_name, scope_version, event_name and trace_state", name, clip(text))
			}
		}
	}
	return keys, nil
}

// durationsJSON describes a distribution of durations.
type durationsJSON struct {
	P50 number `json:"p50Ns"`
	P90 number `json:"p90Ns"`
	P99 number `json:"p99Ns"`
}

// newDurations keeps the estimates of the histogram between the least and the
// greatest value.
func newDurations(h *storage.ExpHistogram, minNs, maxNs float64) durationsJSON {
	if h == nil || h.Count() == 0 {
		return durationsJSON{number(math.NaN()), number(math.NaN()), number(math.NaN())}
	}
	at := func(q float64) number { return number(min(max(h.Quantile(q), minNs), maxNs)) }
	return durationsJSON{at(0.5), at(0.9), at(0.99)}
}

func cellDurations(c *red.Cell) durationsJSON { return newDurations(c.Durations, c.MinNs, c.MaxNs) }

// histogramJSON counts durations by powers of two.
type histogramJSON struct {
	Bounds []float64 `json:"upperBoundsNs"`
	Counts []uint64  `json:"counts"`
}

func newHistogram(h *storage.ExpHistogram) *histogramJSON {
	if h == nil {
		return nil
	}
	out := &histogramJSON{Bounds: []float64{}, Counts: []uint64{}}
	add := func(bound float64, n uint64) {
		if last := len(out.Bounds) - 1; last >= 0 && out.Bounds[last] == bound {
			out.Counts[last] += n
			return
		}
		out.Bounds, out.Counts = append(out.Bounds, bound), append(out.Counts, n)
	}
	if h.Zero > 0 {
		add(0, h.Zero)
	}
	for i, n := range h.Counts {
		if n == 0 {
			continue
		}
		// Bucket i ends at 2^((i+1)/2^Scale); the power of two that is no less.
		octave := math.Ceil(math.Ldexp(float64(h.Offset)+float64(i)+1, -int(h.Scale)))
		add(math.Min(math.Exp2(octave), math.MaxFloat64), n)
	}
	return out
}

type exemplarJSON struct {
	TraceID    string `json:"traceId"`
	SpanID     string `json:"spanId"`
	Start      string `json:"startUnixNano"`
	DurationNs int64  `json:"durationNs"`
	Error      bool   `json:"error"`
}

func newExemplars(list []red.Exemplar) []exemplarJSON {
	out := make([]exemplarJSON, len(list))
	for i, e := range list {
		out[i] = exemplarJSON{e.TraceID.String(), e.SpanID.String(), strconv.FormatInt(e.StartNs, 10), e.DurationNs, e.Error}
	}
	return out
}

// perSecond is the rate of n events in a window.
func perSecond(n uint64, w storage.Window) number {
	return number(float64(n) / ((float64(w.ToNs) - float64(w.FromNs)) / 1e9))
}

func errorShare(errors, spans uint64) number {
	if spans == 0 {
		return 0
	}
	return number(float64(errors) / float64(spans))
}
