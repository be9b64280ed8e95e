// Package client is a Go client of the native API, generated from its contract
// ../openapi.yaml. It takes the address of /heddle/v1:
//
//	c, err := client.NewClientWithResponses("http://localhost:3300/heddle/v1")
//	answer, err := c.SearchTracesWithResponse(ctx, &client.SearchTracesParams{Service: &name})
//
// Streams (StreamTraces, TailSpans) are to be read from the body of the plain
// calls, a SearchEvent or TailEvent a line: the ones that end in WithResponse
// read an answer to its end, which a tail does not have. heddle itself does
// not import this package, so it costs the binary nothing.
package client

//go:generate go tool -modfile=../../../../.ci/tools/go.mod oapi-codegen -config config.yaml -o client.gen.go ../openapi.yaml
