package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of processor time in /proc, the same on all of Linux.
const tick = 10 * time.Millisecond

// processorTime returns the user and system time until now of some processes
// with all their descendants. It is 0 where the system does not report it.
func processorTime(roots ...int) time.Duration {
	files, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is valid
	processes := map[int]process{}
	for _, file := range files {
		if read := readProcess(file); read.pid != 0 {
			processes[read.pid] = read
		}
	}

	return sumOf(processes, roots)
}

// processOnly returns the time of one process without its descendants.
func processOnly(pid int) time.Duration {
	read := readProcess(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	return time.Duration(read.ticks * float64(tick))
}

// sumOf adds up the time of all that descend from roots; each counts once.
func sumOf(processes map[int]process, roots []int) time.Duration {
	wanted := map[int]bool{}
	for _, root := range roots {
		wanted[root] = root != 0
	}
	ticks := 0.0

	for _, process := range processes {
		at := process
		for at.pid != 0 && !wanted[at.pid] {
			at = processes[at.parent]
		}
		if at.pid != 0 {
			ticks += process.ticks
		}
	}

	return time.Duration(ticks * float64(tick))
}

// process is one process; ticks is its time, and that of the children that it
// has waited for.
type process struct {
	pid, parent int
	ticks       float64
}

// readProcess reads a process's file in /proc. The process is zero when it has
// ended.
func readProcess(file string) (read process) {
	data, err := os.ReadFile(file)
	if err != nil {
		return process{}
	}

	// The name, in brackets, may contain anything.
	end := bytes.LastIndexByte(data, ')')
	fields := strings.Fields(string(data[end+1:]))
	if end < 0 || len(fields) < 15 {
		return process{}
	}

	read.pid, _ = strconv.Atoi(filepath.Base(filepath.Dir(file)))
	read.parent, _ = strconv.Atoi(fields[1])

	for _, field := range fields[11:15] { // user and system, its own and the children's
		ticks, _ := strconv.ParseFloat(field, 64)
		read.ticks += ticks
	}

	return read
}
