package demo

import (
	"fmt"
	"io"
	"strconv"
	"time"
)

const reportEvery = 5 * time.Second

// reporter writes what a person at the terminal should know. It is used by the
// goroutine of Run alone. Errors of the writer are ignored: a closed terminal
// is no reason to stop.
type reporter struct {
	out     io.Writer
	clk     clock
	started time.Time
	phase   string
	counts  *counts
	queue   chan request
	traces  *int64
	skipped time.Duration // live traffic left out because this machine is too slow

	last        time.Time
	lastSent    int64
	lastDropped int64
	lastSkipped time.Duration
}

func (r *reporter) say(format string, a ...any) {
	fmt.Fprintf(r.out, format+"\n", a...)
}

// introduce tells what is being simulated and what there is to find.
func (r *reporter) introduce(cfg *Config, w *world, set faultSet) {
	r.say("A shop of %d services in a service mesh, %v traces/s to %s (OTLP/%s, seed %d).",
		len(w.list), cfg.Rate, cfg.endpoint(), cfg.Protocol, cfg.Seed)
	if cfg.History > 0 {
		r.say("First the last %v at a tenth of that, then live.", cfg.History)
	}
	if set == (faultSet{}) {
		r.say("Nothing is wrong with it.")
	} else {
		r.say("What is wrong with it, and how to find it:")
	}
	for i, f := range faults {
		if set[i] {
			r.say("  %-14s %s\n  %14s find: %s", f.name, f.what, "", f.find)
		}
	}
	r.say("")
}

// tick writes a progress line when it is time for one.
func (r *reporter) tick() {
	now := r.clk.now()
	if r.last.IsZero() {
		r.last = r.started
	}
	took := now.Sub(r.last)
	if took < reportEvery {
		return
	}
	sent, dropped := r.counts.delivered.Load(), r.counts.dropped.Load()
	r.say("%6s  %-7s  traces %s  spans %s  %s spans/s  rejected %s  failed %s  dropped %s  retries %s  queue %d",
		now.Sub(r.started).Round(time.Second), r.phase, thousands(*r.traces), thousands(sent),
		thousands(int64(float64(sent-r.lastSent)/took.Seconds())), thousands(r.counts.rejected.Load()),
		thousands(r.counts.failed.Load()), thousands(dropped), thousands(r.counts.retries.Load()), len(r.queue))
	if dropped > r.lastDropped {
		r.say("        the receiver is slower than --rate: %s spans dropped because the queue was full", thousands(dropped-r.lastDropped))
	}
	if r.skipped > r.lastSkipped {
		r.say("        this machine is slower than --rate: %v of traffic left out", r.skipped-r.lastSkipped)
	}
	if r.counts.failed.Load()+r.counts.rejected.Load()+r.counts.retries.Load() > 0 {
		if message := r.counts.lastError.Swap(nil); message != nil {
			r.say("        last error: %s", *message)
		}
	}
	r.last, r.lastSent, r.lastDropped, r.lastSkipped = now, sent, dropped, r.skipped
}

func (r *reporter) summary() {
	c := r.counts
	took := r.clk.now().Sub(r.started)
	r.say("done in %v: %s traces, %s spans delivered in %s requests, %s rejected, %s failed, %s dropped, %s retries",
		took.Round(100*time.Millisecond), thousands(*r.traces), thousands(c.delivered.Load()), thousands(c.requests.Load()),
		thousands(c.rejected.Load()), thousands(c.failed.Load()), thousands(c.dropped.Load()), thousands(c.retries.Load()))
}

// thousands formats a number with separators.
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
