// Package ingestext is the extension heddle_ingest: a server middleware for
// receivers that gives senders the answers their protocol has for what was
// wrong with a request, and counts every request that was refused.
//
// Listed under middlewares of a receiver's server it
//
//   - answers OTLP requests of which the store refused a part with
//     partial_success, over gRPC and over HTTP in the sender's encoding;
//   - answers malformed, too large and unknown-encoding requests with the status
//     that the protocol names: INVALID_ARGUMENT, 413, 415;
//   - decompresses HTTP requests within a bound, and hands them on as they
//     arrived too, for a receiver that asks for both;
//   - bounds the bytes of all requests that are in memory, before a receiver
//     decodes them, and tells senders to come back when there are too many;
//   - turns a panic on a request into an internal error of that request;
//   - counts all of it in heddle_receiver_rejected_requests_total.
//
// Over HTTP a receiver decompresses, and refuses unknown encodings with 400,
// before any middleware. For the extension to see the encodings the receiver
// must leave them alone: compression_algorithms: [].
package ingestext
