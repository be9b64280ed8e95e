// Package expressionv1 is the generated code of the filters in Jaeger's
// queries; go generate in package apiv3 makes it.
package expressionv1
