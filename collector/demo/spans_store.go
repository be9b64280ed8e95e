package demo

import "strconv"

// storeSpan is a statement as the client library reports it; the store itself
// sends nothing.
func (e *spanEmitter) storeSpan(c *call) {
	p, st := c.from, c.step.stmt
	e.open(p, c.id, e.caller(c), kindClient, st.name, c.start, c.end)
	e.str("db.system.name", st.system)
	e.str("db.namespace", st.namespace)
	if st.system != "redis" {
		e.str("db.collection.name", st.collection)
		e.str("db.query.summary", st.name)
		e.num("db.response.returned_rows", c.rows)
	}
	e.str("db.operation.name", st.verb)
	e.str("db.query.text", c.text)
	e.str("server.address", st.host)
	e.num("server.port", st.port)
	e.str("network.peer.address", serviceIP(p.svc))
	e.num("network.peer.port", st.port)
	e.str("network.transport", "tcp")
	e.str("db.client.connection.pool.name", p.svc.name)
	e.who()
	e.process(p, st.verb, c.start)
	if c.fail != nil {
		e.str("db.response.status_code", "55P03")
		e.exception(p, c.end, st.verb, c.fail)
	}
	e.close(p.appSource, scopeStore, c.end)
}

// externalSpan is a call to a third party that sends no telemetry. It leaves
// the mesh as opaque TLS, so no proxy reports it either.
func (e *spanEmitter) externalSpan(c *call) {
	p, st := c.from, c.step
	e.scratch = append(append(append(e.scratch[:0], st.method...), ' '), st.path...)
	e.open(p, c.id, e.caller(c), kindClient, string(e.scratch), c.start, c.end)
	e.str("http.request.method", st.method)
	e.join("url.full", "https://", st.host, c.path)
	e.str("url.template", st.path)
	e.str("server.address", st.host)
	e.num("server.port", 443)
	e.num("http.response.status_code", c.status)
	e.str("network.protocol.version", "2")
	e.str("network.peer.address", "203.0.113.40")
	e.num("network.peer.port", 443)
	e.num("http.request.body.size", c.reqBytes)
	e.num("http.response.body.size", c.respBytes)
	e.who()
	e.process(p, st.method, c.start)
	if c.fail != nil {
		e.str("error.type", strconv.Itoa(c.status))
		e.fail(c.fail.message)
	}
	e.close(p.appSource, scopeClient, c.end)
}

func (e *spanEmitter) publishSpan(c *call) {
	p := c.from
	e.scratch = append(append(e.scratch[:0], "send "...), c.topic.name...)
	e.open(p, c.id, e.caller(c), kindProducer, string(e.scratch), c.start, c.end)
	e.message(c, "send", "send")
	e.who()
	e.process(p, "publish", c.start)
	e.close(p.appSource, scopeQueue, c.end)
}

// consumeSpan is a consumer's work. It links to the producers; when there is
// only one it also continues the producer's trace.
func (e *spanEmitter) consumeSpan(c *call, a *attempt) {
	p := a.to
	var parent spanID
	if c.cause >= 0 {
		parent = e.tr.calls[c.cause].id
	}
	e.scratch = append(append(e.scratch[:0], "process "...), c.topic.name...)
	e.open(p, a.id, parent, kindConsumer, string(e.scratch), a.start, a.end)
	e.message(c, "process", "poll")
	e.str("messaging.consumer.group.name", p.svc.name)
	if len(e.tr.links) > 0 {
		e.num("messaging.batch.message_count", len(e.tr.links))
	}
	e.who()
	e.process(p, "consume", a.start)
	if c.cause >= 0 {
		e.link(link{e.tr.id, parent})
	}
	for _, l := range e.tr.links {
		e.link(l)
	}
	if a.fail != nil {
		e.exception(p, a.end, c.topic.name, a.fail)
	}
	e.close(p.appSource, scopeQueue, a.end)
}

func (e *spanEmitter) message(c *call, kind, name string) {
	e.str("messaging.system", "kafka")
	e.str("messaging.destination.name", c.topic.name)
	e.str("messaging.operation.type", kind)
	e.str("messaging.operation.name", name)
	e.str("messaging.destination.partition.id", strconv.Itoa(c.partition))
	e.str("messaging.client.id", c.from.name)
	e.str("server.address", "kafka.data.svc.cluster.local")
	e.num("server.port", 9092)
	if c.reqBytes > 0 {
		e.num("messaging.kafka.offset", c.offset)
		e.num("messaging.message.body.size", c.reqBytes)
	}
}

// serviceIP is the cluster address of a service, or of its store.
func serviceIP(s *service) string { return serviceIPs[s.index%len(serviceIPs)] }

var serviceIPs = func() (ips [64]string) {
	for i := range ips {
		ips[i] = "172.20." + strconv.Itoa(i*3%256) + "." + strconv.Itoa(10+i*5%240)
	}
	return ips
}()
