package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// tick is the unit of CPU time in /proc, the same on every Linux that Go runs on.
const tick = 10 * time.Millisecond

// cpuOf is the CPU time that a process has used, of user and system.
func cpuOf(pid int) (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	return parseStat(string(stat))
}

func parseStat(stat string) (time.Duration, error) {
	// The name of the process is in parentheses and may contain anything.
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	const user, system = 11, 12 // of what follows the name
	if len(fields) <= system {
		return 0, fmt.Errorf("/proc/PID/stat has %d fields after the name: %q", len(fields), stat)
	}
	sum := time.Duration(0)
	for _, f := range fields[user : system+1] {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("/proc/PID/stat: %w", err)
		}
		sum += time.Duration(n) * tick
	}
	return sum, nil
}

// memoryOf is the memory that a process has now and had at most, resident.
func memoryOf(pid int) (now, peak int64, err error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, err
	}
	return parseStatus(string(status))
}

func parseStatus(status string) (now, peak int64, err error) {
	for line := range strings.Lines(status) {
		name, value, _ := strings.Cut(line, ":")
		to := &now
		switch name {
		case "VmRSS":
		case "VmHWM":
			to = &peak
		default:
			continue
		}
		kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		if err != nil {
			return 0, 0, fmt.Errorf("/proc/PID/status: %s: %w", name, err)
		}
		*to = kib << 10
	}
	if now == 0 || peak == 0 {
		return 0, 0, fmt.Errorf("/proc/PID/status has no VmRSS and VmHWM: %q", status)
	}
	return now, peak, nil
}

// diskOf is what the files below a directory take on the disk. One that is
// removed meanwhile takes nothing.
func diskOf(dir string) (bytes int64, err error) {
	err = filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil
		}
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if os.IsNotExist(err) {
			return nil
		}
		if err == nil {
			bytes += info.Sys().(*syscall.Stat_t).Blocks * 512
		}
		return err
	})
	return bytes, err
}

// endWithParent makes the kernel end a child when this process dies.
func endWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
