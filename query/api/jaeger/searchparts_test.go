package jaeger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/heddle-io/heddle/storage"
)

// manyTraces are n traces of one span, each with so much text.
func manyTraces(n, text int) ptrace.Traces {
	td := ptrace.NewTraces()
	spans := service(td, "many", nil)
	for i := range n {
		s := add(spans, fields{trace: traceID(byte(i>>8), byte(i)), id: spanID(1), name: "op", from: time.Duration(i) * time.Millisecond, to: time.Minute})
		s.Attributes().PutStr("text", strings.Repeat("x", text))
	}
	return td
}

// counted notes how many traces were asked for at once, and fails the ask
// that it is told to.
type counted struct {
	*memory
	asks, most, failing int
}

func (c *counted) Traces(ctx context.Context, ids []storage.TraceID) iter.Seq2[*storage.Spans, error] {
	c.asks++
	c.most = max(c.most, len(ids))
	if c.asks == c.failing {
		return func(yield func(*storage.Spans, error) bool) { yield(nil, errors.New("the disk is gone")) }
	}
	return c.memory.Traces(ctx, ids)
}

// A search holds a few traces at a time, however many it answers with.
func TestSearchReadsSomeTracesAtATime(t *testing.T) {
	const n = 4*fetchedAtOnce + 7
	byID := "/api/traces?"
	for i := 1; i <= n; i++ {
		byID += fmt.Sprintf("&traceID=%x%016x", i>>8, i&0xff)
	}
	for _, target := range []string{fmt.Sprintf("/api/traces?service=many&limit=%d&start=1", n), byID} {
		store := &counted{memory: memoryOf(manyTraces(n+1, 10))}
		w := get(NewHandler(Options{Spans: store, Now: func() time.Time { return day.Add(time.Hour) }}), target)
		var answer struct {
			Data []struct {
				Spans []struct{ StartTime int64 }
			}
			Errors []any
		}
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != http.StatusOK {
			t.Fatal(w.Code, err)
		}
		if len(answer.Data) != n || len(answer.Errors) != 0 {
			t.Errorf("%.40s: %d traces, errors %v", target, len(answer.Data), answer.Errors)
		}
		for i := 1; i < len(answer.Data) && target != byID; i++ {
			if answer.Data[i-1].Spans[0].StartTime < answer.Data[i].Spans[0].StartTime {
				t.Fatalf("trace %d is newer than the one before", i)
			}
		}
		if store.most > fetchedAtOnce {
			t.Errorf("%.40s: %d traces were in memory at once", target, store.most)
		}
	}
}

// What fails before anything was sent is told; afterwards the connection
// breaks off, and no client takes the part for the whole.
func TestSearchThatFailsOnTheWay(t *testing.T) {
	target := fmt.Sprintf("/api/traces?service=many&limit=%d&start=1", 2*fetchedAtOnce)
	for text, brokenOff := range map[int]bool{10: false, 10_000: true} {
		store := &counted{memory: memoryOf(manyTraces(2*fetchedAtOnce, text)), failing: 2}
		h := NewHandler(Options{Spans: store, Now: func() time.Time { return day.Add(time.Hour) }})
		func() {
			defer func() {
				if p := recover(); (p == http.ErrAbortHandler) != brokenOff || p != nil && p != http.ErrAbortHandler {
					t.Errorf("text of %d bytes: panic %v", text, p)
				}
			}()
			w := get(h, target)
			if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), "the disk is gone") {
				t.Errorf("text of %d bytes: %d %.200s", text, w.Code, w.Body)
			}
		}()
	}
}

// An answer that is indented is in memory as a whole.
func TestPrettyPrintIsBounded(t *testing.T) {
	for text, indented := range map[int]bool{10: true, maxPrettyBytes / 50: false} {
		store := memoryOf(manyTraces(100, text))
		w := get(NewHandler(Options{Spans: store, Now: func() time.Time { return day.Add(time.Hour) }}), "/api/traces?limit=100&start=1&prettyPrint=true")
		if !json.Valid(w.Body.Bytes()) || strings.Contains(w.Body.String(), "\n    ") != indented {
			t.Errorf("text of %d bytes: JSON %v, indented %v", text, json.Valid(w.Body.Bytes()), !indented)
		}
	}
}
