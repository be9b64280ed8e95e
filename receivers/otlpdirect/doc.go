// Package otlpdirect is the receiver otlp of heddle. It is upstream's OTLP
// receiver with one way more: requests of a signal whose pipeline is nothing but
// the step into heddle's own store go there as the bytes that arrived, without
// becoming pdata in between.
//
// Users configure upstream's receiver. Which way the requests of a signal go
// follows from the pipelines, which a receiver does not see: whoever resolves
// the configuration says it with [Config.Route]. Without a signal that goes
// straight, upstream's own receiver is what runs. With one, a single pair of
// servers here serves the signals that go straight and those that go through
// their pipelines, with upstream's answers.
package otlpdirect
