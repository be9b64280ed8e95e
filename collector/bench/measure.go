package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/heddle-io/heddle/collector/demo"
)

// simulatedStart is when what is sent began: always the same, so that every
// binary gets the same bytes.
var simulatedStart = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC).UnixNano()

// measure starts a heddle on an empty directory, fills it, asks it and starts
// it again. Where data are kept, it only asks when they are there already. What
// was measured before an error is returned with it.
func measure(ctx context.Context, s settings, only *regexp.Regexp, log io.Writer) (list []result, err error) {
	dir := s.keep
	if dir == "" {
		if dir, err = os.MkdirTemp(s.dir, "heddle-bench-"); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	data := filepath.Join(dir, "data")
	heddle, _, err := startServer(ctx, s.binary, data)
	if err != nil {
		return nil, err
	}
	defer func() { heddle.kill() }()
	add := func(name string, r result) {
		r.name = name
		list = append(list, r)
	}

	sent, kept, err := keptIn(dir)
	if err != nil {
		return nil, err
	}
	if !kept {
		var ingest, idle result
		if sent, ingest, err = takeIn(ctx, s, heddle, data); err != nil {
			return nil, err
		}
		add("ingest", ingest)
		if idle, err = watchIdle(ctx, heddle, s.idle); err != nil {
			return nil, err
		}
		add("idle", idle)
		if err := keepIn(dir, sent); err != nil {
			return nil, err
		}
	} else if _, err := settle(ctx, heddle, s.quiet, s.settle); err != nil { // it may have been stopped while it merged
		return nil, err
	}
	fmt.Fprintf(log, "bench: %d spans are stored\n", sent.Spans)

	around, err := lookAround(ctx, heddle, sent, mostOften*s.repeats)
	if err != nil {
		return nil, err
	}
	questions, err := around.classes(ctx, heddle)
	if err != nil {
		return nil, err
	}
	answers, failed := askAll(ctx, s, only, heddle, questions, log)
	list = append(list, answers...)
	if ctx.Err() != nil {
		return list, failed
	}

	if err := heddle.stop(); err != nil {
		return nil, err
	}
	again, took, err := startServer(ctx, s.binary, data)
	if err != nil {
		return nil, err
	}
	heddle = again
	add("start", result{n: 1, figures: []figure{{float64(took), "start-ns"}}})
	return list, errors.Join(failed, heddle.stop())
}

// sentFile says beside the data what they are.
const sentFile = "sent.json"

// keptIn is what was sent to the data of a directory, if anything was.
func keptIn(dir string) (sent demo.Sent, kept bool, err error) {
	text, err := os.ReadFile(filepath.Join(dir, sentFile))
	if errors.Is(err, fs.ErrNotExist) {
		return sent, false, nil
	}
	if err != nil {
		return sent, false, err
	}
	if err := json.Unmarshal(text, &sent); err != nil {
		return sent, false, fmt.Errorf("%s: %w", filepath.Join(dir, sentFile), err)
	}
	return sent, true, nil
}

func keepIn(dir string, sent demo.Sent) error {
	text, err := json.Marshal(sent)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, sentFile), text, 0o600)
}

// takeIn sends spans and waits until all that follows from them is done.
func takeIn(ctx context.Context, s settings, heddle *server, data string) (demo.Sent, result, error) {
	pid := heddle.cmd.Process.Pid
	cfg := demo.DefaultConfig()
	cfg.Endpoint, cfg.Rate, cfg.Seed = heddle.otlp, s.rate, s.seed
	before, err := cpuOf(pid)
	if err != nil {
		return demo.Sent{}, result{}, err
	}
	begin := time.Now()
	sent, err := demo.Send(ctx, cfg, simulatedStart, s.spans, s.gather)
	if err != nil {
		return sent, result{}, err
	}
	took := time.Since(begin)
	cpu, err := settle(ctx, heddle, s.quiet, s.settle)
	if err != nil {
		return sent, result{}, err
	}
	now, peak, err := memoryOf(pid)
	if err != nil {
		return sent, result{}, err
	}
	disk, err := diskOf(data)
	if err != nil {
		return sent, result{}, err
	}
	spans := float64(sent.Spans)
	return sent, result{n: sent.Spans, figures: []figure{
		{float64(cpu-before) / spans, "cpu-ns/span"},
		{spans / took.Seconds(), "spans/s"},
		{float64(disk) / spans, "disk-B/span"},
		{float64(sent.Bytes) / spans, "wire-B/span"},
		{float64(peak), "peak-rss-B"},
		{float64(now), "settled-rss-B"},
	}}, nil
}

// settle waits until the server has done nearly nothing for a while: what it
// took in is written and merged. It returns the CPU time used until then.
func settle(ctx context.Context, heddle *server, quiet, most time.Duration) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	const step = 500 * time.Millisecond
	const busy = step / 20 // a twentieth of a core
	var last time.Duration
	for rest := time.Duration(0); rest < quiet; rest += step {
		now, err := cpuOf(heddle.cmd.Process.Pid)
		if err != nil {
			return 0, err
		}
		if now-last > busy {
			rest = 0
		}
		last = now
		if err := heddle.pause(ctx, step); err != nil {
			return 0, fmt.Errorf("waiting for heddle to settle: %w", err)
		}
	}
	return last, nil
}

// watchIdle measures what a server costs that has nothing to do.
func watchIdle(ctx context.Context, heddle *server, d time.Duration) (result, error) {
	pid := heddle.cmd.Process.Pid
	before, err := cpuOf(pid)
	if err != nil {
		return result{}, err
	}
	begin := time.Now()
	if err := heddle.pause(ctx, d); err != nil {
		return result{}, err
	}
	after, err := cpuOf(pid)
	if err != nil {
		return result{}, err
	}
	return result{n: 1, figures: []figure{{float64(after-before) / time.Since(begin).Seconds(), "cpu-ns/s"}}}, nil
}

// pause lets the server run for a while.
func (s *server) pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-s.done:
		return fmt.Errorf("heddle ended with %v; its log ends with:\n%s", s.cmd.ProcessState, s.log)
	case <-ctx.Done():
		return ctx.Err()
	}
}
