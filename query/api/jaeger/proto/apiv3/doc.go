// Package apiv3 is the generated code of Jaeger's api_v3.
package apiv3

//go:generate ../generate.sh
