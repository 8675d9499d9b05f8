package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

const (
	// busyFrom is the share of the processors from which they are the
	// bottleneck of a load.
	busyFrom = 0.85
	// othersMay is the share of the processors that unrelated programs may have
	// in a measurement.
	othersMay = 0.2
)

// cpu is processor time in the system's ticks, by the processes that had it.
type cpu struct {
	here, plugins, server, idle, all float64
}

// cpuNow reads the processor time until now of this process with its load, of
// its plugins, of a database server with its processes, and of the whole
// machine. all is 0 where the system does not report it. server is a process
// id, 0 for none.
func cpuNow(server int) (now cpu) {
	files, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is valid
	for _, file := range files {
		process := readProcess(file)
		switch {
		case process.pid == 0:
		case process.pid == os.Getpid():
			now.here += process.ticks
		case process.parent == os.Getpid() && process.pid != server:
			now.plugins += process.ticks
		case server != 0 && (process.pid == server || process.parent == server):
			now.server += process.ticks
		}
	}

	now.idle, now.all = machineTicks()
	return now
}

// machineTicks reads the processor time of the whole machine, 0 where the
// system does not report it.
func machineTicks() (idle, all float64) {
	data, _ := os.ReadFile("/proc/stat") // where there is none, nothing is read
	first, _, _ := strings.Cut(string(data), "\n")
	for k, field := range strings.Fields(first) {
		ticks, err := strconv.ParseFloat(field, 64)
		if err != nil || k > 8 { // guests are counted among the users already
			continue
		}
		all += ticks
		if k == 4 || k == 5 { // idle, and idle while a disk works
			idle += ticks
		}
	}

	return idle, all
}

// since describes who had the processors since before, and what the bottleneck
// therefore is.
func (c cpu) since(before cpu) string {
	all := c.all - before.all
	if all == 0 {
		return "this system does not tell who has the processors"
	}
	share := func(now, then float64) float64 { return 100 * (now - then) / all }
	here := share(c.here, before.here)
	plugins := share(c.plugins, before.plugins)
	server := share(c.server, before.server)

	idle := share(c.idle, before.idle)
	others := max(100-idle-here-plugins-server, 0)

	// A busy machine says nothing; an idle one has waited for the writer.
	bottleneck := "the processors"

	switch {
	case others > 100*othersMay:
		bottleneck = "the rest of the machine: measure again when it is quiet"
	case idle > 100*(1-busyFrom):
		bottleneck = "the one writer, whose statements and flushes come one after the other"
	}

	return fmt.Sprintf("host and load %.0f %%, plugin %.0f %%, database server %.0f %%, "+
		"the rest of the machine %.0f %%, idle %.0f %%: the bottleneck is %s",
		here, plugins, server, others, idle, bottleneck)
}

// taken is the processor time of the parts of the whole, in the system's ticks;
// all and idle are the machine's.
type taken struct{ host, plugins, simulator, load, idle, all float64 }

// takenNow reads the processor time until now. all is 0 where the system does
// not report it.
func takenNow(host, simulator int, plugins []int) taken {
	ticks := func(pid int) float64 {
		return readProcess(filepath.Join("/proc", strconv.Itoa(pid), "stat")).ticks
	}
	now := taken{
		host:      ticks(host),
		simulator: ticks(simulator),
		load:      ticks(os.Getpid()),
	}

	for _, pid := range plugins {
		now.plugins += ticks(pid)
	}
	now.idle, now.all = machineTicks()

	return now
}

// since describes who had the processors since before.
func (t taken) since(before taken) string {
	all := t.all - before.all
	if all == 0 {
		return "This system does not tell who had the processors."
	}
	share := func(now, then float64) float64 { return 100 * (now - then) / all }

	return fmt.Sprintf(
		"Who had the processors: host %.0f %%, plugins %.0f %%, simulator %.0f %%, "+
			"load %.0f %%; idle %.0f %%.",
		share(t.host, before.host),
		share(t.plugins, before.plugins),
		share(t.simulator, before.simulator),
		share(t.load, before.load),
		share(t.idle, before.idle),
	)
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
