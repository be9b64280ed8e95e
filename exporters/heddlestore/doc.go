// Package heddlestore is the exporter heddlestore: the last step of a pipeline
// that ends in heddle's own store.
//
// It is synchronous: a nil error up to the receiver, and so the receiver's
// acknowledgement to the sender, means that the telemetry is stored. What the
// store refused is put into the request's [Outcome], from which a receiver's
// middleware can tell the sender.
package heddlestore
