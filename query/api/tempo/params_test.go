package tempo

import (
	"net/url"
	"testing"
	"time"

	"github.com/heddle-io/heddle/storage"
)

func TestTimes(t *testing.T) {
	for text, want := range map[string]int64{
		"":                          -1,
		"0":                         0,
		"1715947200":                day.UnixNano(),
		"1715947200.5":              day.UnixNano() + 5e8,
		"1715947200000":             day.UnixNano(),
		"1715947200000000":          day.UnixNano(),
		"1715947200000000000":       day.UnixNano(),
		"2024-05-17T12:00:00Z":      day.UnixNano(),
		"2024-05-17T14:00:00+02:00": day.UnixNano(),
	} {
		if got, err := timeParam(url.Values{"t": {text}}, "t", -1); got != want || err != nil {
			t.Errorf("%q: %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"-1", "NaN", "Inf", "1e30", "yesterday", "9999-01-01T00:00:00Z", "1800-01-01T00:00:00Z"} {
		if got, err := timeParam(url.Values{"t": {text}}, "t", -1); err == nil {
			t.Errorf("%q: %d", text, got)
		}
	}
}

func TestSteps(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"": 0, "15": 15 * time.Second, "0.5": 500 * time.Millisecond, "15s": 15 * time.Second, "1h30m": 90 * time.Minute, "7d": 7 * 24 * time.Hour,
	} {
		if got, err := stepParam(url.Values{"s": {text}}, "s"); got != want || err != nil {
			t.Errorf("%q: %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"0", "-1s", "1e300", "NaN", "Inf", "1w", "d", "1000000000d"} {
		if got, err := stepParam(url.Values{"s": {text}}, "s"); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// Without a step, a graph has about as many points as it is wide for, at round
// distances.
func TestDefaultStep(t *testing.T) {
	for length, want := range map[time.Duration]time.Duration{
		time.Second: time.Second, 5 * time.Minute: time.Second, 15 * time.Minute: 3 * time.Second, time.Hour: 15 * time.Second, 3 * time.Hour: 45 * time.Second,
		6 * time.Hour: 2 * time.Minute, 24 * time.Hour: 6 * time.Minute, 7 * 24 * time.Hour: 42 * time.Minute,
	} {
		if got := time.Duration(defaultStep(int64(length))); got != want {
			t.Errorf("%v: %v, want %v", length, got, want)
		}
	}
}

// A range is aligned, so that a graph that is refreshed keeps its points.
func TestRangesAreAligned(t *testing.T) {
	a := newAPI(Options{Spans: failing{}, Now: now})
	for query, want := range map[string]storage.Window{
		"start=1715947201&end=1715947259&step=10s":  {FromNs: 1715947200e9, ToNs: 1715947260e9},
		"start=1715947200&end=1715947260&step=10s":  {FromNs: 1715947200e9, ToNs: 1715947260e9},
		"start=1715947201&end=1715947259&step=1h":   {FromNs: 1715947201e9, ToNs: 1715947259e9}, // one value of just this range
		"since=90s&step=1m":                         {FromNs: now().Add(-2 * time.Minute).UnixNano(), ToNs: now().UnixNano()},
		"":                                          {FromNs: now().Add(-time.Hour).UnixNano(), ToNs: now().UnixNano()},
		"start=0&end=9223372036854775807&step=366d": {FromNs: 0, ToNs: 1<<63 - 1},
	} {
		q, err := url.ParseQuery(query + "&q=" + url.QueryEscape("{ } | rate()"))
		if err != nil {
			t.Fatal(err)
		}
		m, err := a.parseRange(q)
		if err != nil || m.window != want && m.window.ToNs-want.ToNs > m.stepNs {
			t.Errorf("%s: %v, %v, want %v", query, m.window, err, want)
		}
	}
}
