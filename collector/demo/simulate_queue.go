package demo

// publish sends a message. The producer does not wait for the consumer, whose
// work goes on in this trace (single topics) or in one of its own (batch).
func (s *simulator) publish(ai int32, by *pod, t *topic, at int64) (end int64) {
	ci := int32(len(s.tr.calls))
	c := call{kind: callPublish, under: ai, cause: -1, from: by, topic: t, start: at, status: 200, id: s.newID()}
	c.end = at + s.ms(1.4)
	c.partition, c.offset = s.rng.IntN(12), int(at/2_000_000_000)*7+s.rng.IntN(7)
	c.reqBytes = 180 + s.rng.IntN(2400)
	s.tr.calls = append(s.tr.calls, c)
	if t.batch {
		s.batched = append(s.batched, message{topic: t, at: c.end, from: link{s.tr.id, c.id}})
		return c.end
	}
	s.consume(t, ci, c.end+s.ms(45))
	return c.end
}

// consume lets the consumer of a topic work. cause is the publishing call, or
// -1 when the trace's links name the producers.
func (s *simulator) consume(t *topic, cause int32, at int64) {
	to := t.consumer.pick(s.rng)
	ci, ai := int32(len(s.tr.calls)), int32(len(s.tr.attempts))
	op := t.consumer.ops[t.name]
	c := call{kind: callConsume, under: -1, cause: cause, from: to, op: op, topic: t, start: at, status: 200}
	if cause >= 0 {
		sent := &s.tr.calls[cause]
		c.partition, c.offset, c.reqBytes = sent.partition, sent.offset, sent.reqBytes
	} else {
		c.partition = s.rng.IntN(12)
	}
	a := attempt{call: ci, n: 1, to: to, sent: at, start: at, id: s.newID()}
	s.tr.calls = append(s.tr.calls, c)
	s.tr.attempts = append(s.tr.attempts, a)
	end, status, fail := s.serve(ai, op, at)
	done := &s.tr.attempts[ai]
	done.end, done.answered, done.status, done.fail = end, end, status, fail
	s.tr.calls[ci].end, s.tr.calls[ci].status, s.tr.calls[ci].fail = end, status, fail
}
