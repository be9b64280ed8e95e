// Command heddle is an observability pipeline collector and tracing backend
// for service meshes, in one binary.
package main

import "github.com/heddle-io/heddle/collector"

func main() { collector.Main() }
