package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// ErrNothingDelivered is returned by [Run] when the receiver took not a single
// span.
var ErrNothingDelivered = errors.New("nothing could be delivered")

const (
	waitForReceiver = 30 * time.Second // how long Run waits for somebody to listen
	mostCatchUp     = 2 * time.Minute  // how long sending history may take
	mostBehind      = 3 * time.Second  // live traffic that is later than this is skipped
	drainTime       = 10 * time.Second // how long the last requests may take
	historyDensity  = 0.1              // of the live rate
)

// clock is the time that Run goes by, so that tests need not wait.
type clock struct {
	now   func() time.Time
	sleep func(ctx context.Context, d time.Duration)
	// patient makes live traffic wait for room in the queue, for a clock that
	// runs faster than any receiver.
	patient bool
}

var systemClock = clock{now: time.Now, sleep: func(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}}

// Run simulates the shop and sends its telemetry until cfg.Duration is over or
// ctx ends; both are a normal end. Progress goes to out, one line every few
// seconds. Run returns when everything it started has stopped and what was
// queued has been sent, given up or 10 seconds have passed.
//
// It waits half a minute for somebody to listen at the endpoint. The error is
// ErrNothingDelivered when not a single span was taken, or what Validate says.
func Run(ctx context.Context, cfg Config, out io.Writer) error {
	return run(ctx, cfg, out, systemClock)
}

func run(ctx context.Context, cfg Config, out io.Writer, clk clock) error {
	if err := cfg.Validate(); err != nil {
		return err
	}
	cfg = cfg.resolve()
	w, err := newWorld(cfg.Seed, cfg.Services)
	if err != nil {
		return err
	}
	set, err := parseFaults(cfg.Faults)
	if err != nil {
		return err
	}
	set.within(w.services)
	rep := &reporter{out: out, clk: clk, started: clk.now()}
	rep.introduce(&cfg, w, set)
	if err := awaitReceiver(ctx, &cfg, rep, clk); err != nil {
		return err
	}
	newTransport := newGRPCTransport
	if cfg.Protocol == ProtocolHTTP {
		newTransport = newHTTPTransport
	}
	t, err := newTransport(&cfg)
	if err != nil {
		return err
	}
	// Requests outlive ctx for a little so that the last ones arrive.
	sending, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()
	r := &runner{cfg: cfg, clk: clk, rep: rep, sender: newSender(sending, t)}
	rep.counts, rep.queue = &r.sender.counts, r.sender.queue
	r.engine = newEngine(w, cfg.Seed, set, clk.now().Add(-cfg.History).UnixNano())
	r.engine.batch.buffer = r.sender.buffer
	rep.traces = &r.engine.traces

	r.history(ctx)
	r.live(ctx)
	r.finish(giveUp)
	err = r.sender.close()
	rep.summary()
	if r.sender.counts.delivered.Load() == 0 {
		if last := r.sender.counts.lastError.Load(); last != nil {
			return fmt.Errorf("%w to %s: %s", ErrNothingDelivered, cfg.endpoint(), *last)
		}
		return fmt.Errorf("%w to %s", ErrNothingDelivered, cfg.endpoint())
	}
	return err
}

// runner keeps simulated time in step with real time.
type runner struct {
	cfg    Config
	clk    clock
	rep    *reporter
	sender *sender
	engine *engine
}

// history plays the past, waiting for the receiver where need be.
func (r *runner) history(ctx context.Context) {
	if r.cfg.History == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, mostCatchUp)
	defer cancel()
	r.rep.phase = "history"
	// What is old is in no hurry: fuller batches spare the receiver thousands
	// of requests with a single span.
	r.engine.batch.stretch = 15
	defer func() { r.engine.batch.stretch = 1 }()
	r.engine.batch.send = func(body []byte, n int) { r.sender.put(ctx, request{body, n}, r.rep.tick) }
	for r.engine.now()+slotLength <= r.clk.now().UnixNano() {
		if ctx.Err() != nil {
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				r.rep.say("the receiver is too slow for --history %v: went on with live traffic after %v", r.cfg.History, mostCatchUp)
			}
			return
		}
		r.engine.step(r.cfg.Rate * historyDensity)
		r.rep.tick()
	}
}

// live plays the present at the configured rate, whatever the receiver does.
func (r *runner) live(ctx context.Context) {
	r.rep.phase = "live"
	r.engine.batch.send = func(body []byte, n int) { r.sender.offer(request{body, n}) }
	if r.clk.patient {
		r.engine.batch.send = func(body []byte, n int) { r.sender.put(ctx, request{body, n}, r.rep.tick) }
	}
	began := r.clk.now()
	for ctx.Err() == nil {
		now := r.clk.now()
		if r.cfg.Duration > 0 && now.Sub(began) >= r.cfg.Duration {
			return
		}
		for r.engine.now()+slotLength <= now.UnixNano() && ctx.Err() == nil {
			rate := r.cfg.Rate
			if now.UnixNano()-r.engine.now() > int64(mostBehind) {
				rate = 0 // too late to be open load; the report says so
				r.rep.skipped += time.Duration(slotLength)
			}
			r.engine.step(rate)
		}
		r.rep.tick()
		next := time.Duration(r.engine.now() + slotLength - r.clk.now().UnixNano())
		if r.cfg.Duration > 0 {
			next = min(next, began.Add(r.cfg.Duration).Sub(r.clk.now()))
		}
		if next > 0 {
			r.clk.sleep(ctx, next)
		}
	}
}

// finish sends what has begun and gives up when that takes too long.
func (r *runner) finish(giveUp context.CancelFunc) {
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	r.engine.batch.send = func(body []byte, n int) { r.sender.put(ctx, request{body, n}, r.rep.tick) }
	r.engine.drain()
	for ctx.Err() == nil && (len(r.sender.queue) > 0 || r.sender.bytes.Load() > 0) {
		r.clk.sleep(ctx, 10*time.Millisecond)
	}
	if ctx.Err() != nil {
		giveUp()
	}
	cancel()
}

// awaitReceiver waits until somebody listens.
func awaitReceiver(ctx context.Context, cfg *Config, rep *reporter, clk clock) error {
	limit := waitForReceiver
	if cfg.Duration > 0 {
		limit = min(limit, cfg.Duration)
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var dialer net.Dialer
	for told := false; ; told = true {
		conn, err := dialer.DialContext(ctx, "tcp", cfg.endpoint())
		if err == nil {
			return conn.Close()
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%w: nothing listens on %s; start heddle first (run: heddle) or name another receiver with --endpoint",
				ErrNothingDelivered, cfg.endpoint())
		}
		if !told {
			rep.say("nothing listens on %s yet. Start heddle first, in another terminal: heddle", cfg.endpoint())
			rep.say("waiting for it, up to %v", limit)
		}
		clk.sleep(ctx, 300*time.Millisecond)
	}
}
