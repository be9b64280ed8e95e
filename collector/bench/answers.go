package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
)

// decoded makes a check of what an answer says.
func decoded[T any](check func(T) error) func([]byte) error {
	return func(answer []byte) error {
		var body T
		if err := json.Unmarshal(answer, &body); err != nil {
			return fmt.Errorf("not the JSON that was expected: %w", err)
		}
		return check(body)
	}
}

// fewer is the error for less than there is.
func fewer(what string, got, want int) error {
	if got >= want && want > 0 {
		return nil
	}
	return fmt.Errorf("%d %s, there are %d", got, what, max(want, 1))
}

// jaegerList is an answer of Jaeger's API with at least want results.
func jaegerList(want int) func([]byte) error {
	return decoded(func(body struct{ Data []json.RawMessage }) error { return fewer("results", len(body.Data), want) })
}

// jaegerTrace is one trace with all of its spans.
func jaegerTrace(spans int) func([]byte) error {
	return decoded(func(body struct {
		Data []struct{ Spans []struct{} }
	}) error {
		if len(body.Data) != 1 {
			return fmt.Errorf("%d traces", len(body.Data))
		}
		return fewer("spans", len(body.Data[0].Spans), spans)
	})
}

// partial is in all answers of the native API, and of Tempo's as status.
type partial struct {
	Partial string
	Status  string
	Message string
}

func (p partial) err() error {
	if p.Partial != "" {
		return errors.New("the answer is partial: " + p.Partial)
	}
	if p.Status != "" && p.Status != "COMPLETE" {
		return fmt.Errorf("the answer is %s: %s", p.Status, p.Message)
	}
	return nil
}

// traceList is a whole answer of Tempo's or the native search.
func traceList(want int) func([]byte) error {
	return decoded(func(body struct {
		partial
		Traces []struct{}
	}) error {
		if err := body.err(); err != nil {
			return err
		}
		return fewer("traces", len(body.Traces), want)
	})
}

// listUnder is a list with results under a name of the answer.
func listUnder(name string) func([]byte) error {
	return decoded(func(body map[string]json.RawMessage) error {
		var list []json.RawMessage
		if err := json.Unmarshal(body[name], &list); err != nil {
			return fmt.Errorf("no %s: %w", name, err)
		}
		return fewer(name, len(list), 1)
	})
}

// mentions counts a text in an answer, which may be of any format.
func mentions(text string, want int) func([]byte) error {
	return func(answer []byte) error { return fewer(text, bytes.Count(answer, []byte(text)), want) }
}

// metricSeries is an answer of Tempo's metrics with values in it; with a count,
// what its samples add up to when each stands for a step.
func metricSeries(stepSeconds float64, count int) func([]byte) error {
	return decoded(func(body struct {
		partial
		Series []struct{ Samples []struct{ Value float64 } }
	}) error {
		if err := body.err(); err != nil {
			return err
		}
		sum := 0.0
		for _, s := range body.Series {
			for _, v := range s.Samples {
				sum += v.Value * stepSeconds
			}
		}
		if !(sum > 0) || count > 0 && math.Abs(sum-float64(count)) > 1e-6*float64(count) {
			return fmt.Errorf("the %d series say %v, want %d", len(body.Series), sum, count)
		}
		return nil
	})
}

// nativeSpans is an answer of the native API in which a field, or the same
// field of all members of a list, adds up to all spans that were asked about.
// 0 spans: to anything.
func nativeSpans(list, name string, spans int) func([]byte) error {
	return decoded(func(body map[string]json.RawMessage) error {
		var cut string
		if text, ok := body["partial"]; ok {
			if err := json.Unmarshal(text, &cut); err != nil {
				return err
			}
			return partial{Partial: cut}.err()
		}
		members := []map[string]json.RawMessage{body}
		if list != "" {
			if err := json.Unmarshal(body[list], &members); err != nil {
				return fmt.Errorf("no %s: %w", list, err)
			}
		}
		sum := 0
		for _, member := range members {
			var n int
			if err := json.Unmarshal(member[name], &n); err != nil {
				return fmt.Errorf("no %s: %w", name, err)
			}
			sum += n
		}
		if sum == 0 || spans > 0 && sum != spans {
			return fmt.Errorf("%s add up to %d, want %d", name, sum, spans)
		}
		return nil
	})
}
