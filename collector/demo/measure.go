package demo

import (
	"context"
	"fmt"
)

// Sent is what [Send] delivered.
type Sent struct {
	Spans   int   // all were accepted
	Bytes   int64 // of the requests, without compression
	StartNs int64 // simulated time at the beginning
	EndNs   int64 // and at the end: nothing started later
}

// Send plays the shop from startNs on at cfg.Rate, as fast as the receiver
// takes it, until at least that many spans were sent and what has begun has
// ended. cfg.Duration and cfg.History mean nothing to it. Every process sends
// for itself, unless gather is more than one: then requests are put together
// until they have so many spans, as a collector between them and the receiver
// does.
//
// It is for measurements: the same arguments give the same requests, and a
// span that the receiver did not accept is an error, because what is measured
// then would not be what was asked for.
func Send(ctx context.Context, cfg Config, startNs int64, spans, gather int) (Sent, error) {
	if err := cfg.Validate(); err != nil {
		return Sent{}, err
	}
	cfg = cfg.resolve()
	w, err := newWorld(cfg.Seed, cfg.Services)
	if err != nil {
		return Sent{}, err
	}
	set, err := parseFaults(cfg.Faults)
	if err != nil {
		return Sent{}, err
	}
	set.within(w.services)
	newTransport := newGRPCTransport
	if cfg.Protocol == ProtocolHTTP {
		newTransport = newHTTPTransport
	}
	t, err := newTransport(&cfg)
	if err != nil {
		return Sent{}, err
	}
	s := newSender(ctx, t)
	sent := Sent{StartNs: startNs}
	e := newEngine(w, cfg.Seed, set, startNs)
	e.batch.buffer = s.buffer
	var waiting request
	put := func() {
		if waiting.spans > 0 {
			s.put(ctx, waiting, func() {})
		}
		waiting = request{}
	}
	e.batch.send = func(body []byte, n int) {
		sent.Spans, sent.Bytes = sent.Spans+n, sent.Bytes+int64(len(body))
		if waiting.body == nil {
			waiting.body = body
		} else {
			waiting.body = append(waiting.body, body...) // the lists of both one after the other
		}
		if waiting.spans += n; waiting.spans >= gather {
			put()
		}
	}
	for sent.Spans < spans && ctx.Err() == nil {
		e.step(cfg.Rate)
	}
	e.drain()
	put()
	sent.EndNs = e.now()
	if err := s.close(); err != nil {
		return sent, fmt.Errorf("closing the connection to %s: %w", cfg.endpoint(), err)
	}
	if err := ctx.Err(); err != nil {
		return sent, err
	}
	if delivered := s.counts.delivered.Load(); delivered != int64(sent.Spans) {
		last := "no reason was given"
		if m := s.counts.lastError.Load(); m != nil {
			last = *m
		}
		return sent, fmt.Errorf("%s accepted %d of %d spans: %s", cfg.endpoint(), delivered, sent.Spans, last)
	}
	return sent, nil
}
