//go:build !linux

package main

import (
	"errors"
	"os/exec"
	"time"
)

// errNoProc says why nothing can be measured here.
var errNoProc = errors.New("CPU and memory of the server are read from /proc: run the benchmark on Linux")

func cpuOf(int) (time.Duration, error)          { return 0, errNoProc }
func memoryOf(int) (now, peak int64, err error) { return 0, 0, errNoProc }
func diskOf(string) (int64, error)              { return 0, errNoProc }
func endWithParent(*exec.Cmd)                   {}
