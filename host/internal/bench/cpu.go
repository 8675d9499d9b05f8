package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// cpu is processor time in the system's ticks, by who had it.
type cpu struct {
	here, plugins, server, idle, all float64
}

// cpuNow reads what this process with its load, its plugins and a database
// server with its processes have had so far, and the whole machine. All is zero
// where the system does not tell. server is a process id, 0 for none.
func cpuNow(server int) (c cpu) {
	folders, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is valid
	for _, file := range folders {
		pid, parent, ticks := processTicks(file)
		switch {
		case pid == 0:
		case pid == os.Getpid():
			c.here += ticks
		case parent == os.Getpid() && pid != server:
			c.plugins += ticks
		case server != 0 && (pid == server || parent == server):
			c.server += ticks
		}
	}

	data, _ := os.ReadFile("/proc/stat") // as above
	first, _, _ := strings.Cut(string(data), "\n")
	for k, field := range strings.Fields(first) {
		n, err := strconv.ParseFloat(field, 64)
		if err != nil || k > 8 { // what guests had is counted among the users' already
			continue
		}
		c.all += n
		if k == 4 || k == 5 { // idle, and idle while a disk works
			c.idle += n
		}
	}

	return c
}

// taken is the processor time that one part of the whole has had, in the
// system's ticks; all and idle are the machine's.
type taken struct{ host, plugins, simulator, load, idle, all float64 }

// takenNow reads it; all is zero where the system does not tell.
func takenNow(host, simulator int, plugins []int) taken {
	of := func(pid int) float64 {
		_, _, ticks := processTicks(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
		return ticks
	}

	machine := cpuNow(0)
	t := taken{
		host:      of(host),
		simulator: of(simulator),
		load:      of(os.Getpid()),
		idle:      machine.idle,
		all:       machine.all,
	}

	for _, pid := range plugins {
		t.plugins += of(pid)
	}

	return t
}

// since says who had the processors since before.
func (t taken) since(before taken) string {
	all := t.all - before.all
	if all == 0 {
		return "This system does not tell who had the processors."
	}
	share := func(now, then float64) float64 { return 100 * (now - then) / all }

	return fmt.Sprintf(
		"Who had the processors: host %.0f %%, plugins %.0f %%, simulator %.0f %%, load %.0f %%; idle %.0f %%.",
		share(
			t.host,
			before.host,
		),
		share(t.plugins, before.plugins),
		share(t.simulator, before.simulator),
		share(t.load, before.load),
		share(t.idle, before.idle),
	)
}

// processTicks reads a process's id, its parent and its time, and that of
// children it has waited for.
func processTicks(file string) (pid, parent int, ticks float64) {
	data, err := os.ReadFile(file)
	if err != nil {
		return 0, 0, 0 // it has ended
	}

	// The name, in brackets, may hold anything.
	end := bytes.LastIndexByte(data, ')')
	fields := strings.Fields(string(data[end+1:]))
	if end < 0 || len(fields) < 15 {
		return 0, 0, 0
	}

	pid, _ = strconv.Atoi(filepath.Base(filepath.Dir(file)))
	parent, _ = strconv.Atoi(fields[1])

	for _, k := range []int{11, 12, 13, 14} {
		n, _ := strconv.ParseFloat(fields[k], 64)
		ticks += n
	}

	return pid, parent, ticks
}

const (
	// busyFrom is the share of the processors from which they are what a load
	// waits for.
	busyFrom = 0.85
	// othersMay is what programs that have nothing to do with it may have of
	// them.
	othersMay = 0.2
)

// since says who had the processors since before, and what that makes the
// bottleneck.
func (c cpu) since(before cpu) string {
	all := c.all - before.all
	if all == 0 {
		return "this system does not tell who has the processors"
	}
	share := func(now, then float64) float64 { return 100 * (now - then) / all }
	idle := share(c.idle, before.idle)
	parts := []float64{
		share(c.here, before.here),
		share(c.plugins, before.plugins),
		share(c.server, before.server),
	}

	others := max(100-idle-parts[0]-parts[1]-parts[2], 0)
	what := "the processors"

	switch {
	case others > 100*othersMay:
		what = "the rest of the machine: measure again when it is quiet"
	case idle > 100*(1-busyFrom):
		what = "the one writer, whose statements and flushes come one after the other"
	}

	return fmt.Sprintf(
		"host and load %.0f %%, plugin %.0f %%, database server %.0f %%, the rest of the machine %.0f %%, idle %.0f %%: the bottleneck is %s",
		parts[0],
		parts[1],
		parts[2],
		others,
		idle,
		what,
	)
}
