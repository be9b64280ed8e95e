package heddlestore

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/heddle-io/heddle/storage"
)

// Outcome collects what the stores at the ends of the pipelines refused of one
// request. It is safe for concurrent use: a request may reach several stores.
type Outcome struct {
	mu         sync.Mutex // guards what follows
	rejected   storage.Outcome
	signal     Signal
	overload   string // why a store took nothing; "" when none refused for that
	retryAfter time.Duration
}

// Signal is what a pipeline carries.
type Signal string

const (
	SignalTraces  Signal = "traces"
	SignalLogs    Signal = "logs"
	SignalMetrics Signal = "metrics"
)

type outcomeKey struct{}

// WithOutcome returns a context in which the exporter leaves what was refused.
func WithOutcome(ctx context.Context) (context.Context, *Outcome) {
	o := new(Outcome)
	return context.WithValue(ctx, outcomeKey{}, o), o
}

// report adds the rejections of one write to the request's outcome, if anybody
// asked for it.
func report(ctx context.Context, signal Signal, written storage.Outcome) {
	o, ok := ctx.Value(outcomeKey{}).(*Outcome)
	if !ok || len(written.Rejected) == 0 {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.signal = signal
	for _, r := range written.Rejected {
		o.add(r)
	}
}

// reportOverload notes that a store took nothing of the request for now.
func reportOverload(ctx context.Context, err error, after time.Duration) {
	o, ok := ctx.Value(outcomeKey{}).(*Outcome)
	if !ok {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.overload, o.retryAfter = err.Error(), max(o.retryAfter, after)
}

// Overloaded says whether a store refused the request for now, why, and after
// what time the sender may try again. Receivers of protocols that know no such
// answer make a plain failure of it.
func (o *Outcome) Overloaded() (message string, after time.Duration, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.overload, o.retryAfter, o.overload != ""
}

func (o *Outcome) add(r storage.Rejection) {
	for i := range o.rejected.Rejected {
		if o.rejected.Rejected[i].Reason == r.Reason {
			o.rejected.Rejected[i].Count += r.Count
			return
		}
	}
	o.rejected.Rejected = append(o.rejected.Rejected, r)
}

// Rejected returns how many records were refused and, when there were any, of
// which signal they are and a message for the sender that says why.
func (o *Outcome) Rejected() (count int64, signal Signal, message string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var b strings.Builder
	for _, r := range o.rejected.Rejected {
		if b.Len() > 0 {
			b.WriteString("; ")
		}
		b.WriteString(strconv.Itoa(r.Count) + " " + string(r.Reason))
		if r.Example != "" {
			b.WriteString(", for example: " + r.Example)
		}
	}
	return int64(o.rejected.RejectedCount()), o.signal, strings.ToValidUTF8(b.String(), "\uFFFD")
}
