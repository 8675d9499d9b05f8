package plugin

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// members returns the process and all that it has started.
func (c *confinement) members() []int { return c.mark.processes() }

// blockSize is the unit of a file's blocks, whatever the file system's is.
const blockSize = 512

// sizeOnDisk counts what a file takes, not what it says: files may have holes.
func sizeOnDisk(info fs.FileInfo) int64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return stat.Blocks * blockSize
	}
	return info.Size()
}

// memoryOf returns the bytes of memory that processes use together. Memory
// that they share counts once, except for a process that keeps that from being read: its
// whole memory counts. A process that has gone counts nothing.
func memoryOf(pids []int) int64 {
	total := int64(0)
	for _, pid := range pids {
		used, err := proportionOf(pid)
		if err != nil {
			used = Resident(pid)
		}
		total += used
	}
	return total
}

// errNoFigure is for a file of /proc without the figure that it should have.
var errNoFigure = errors.New("the figure is missing")

// proportionOf returns a process's memory in bytes, of what is shared its part.
// It cannot be read for a process that is not dumpable, unless the host is
// root.
func proportionOf(pid int) (int64, error) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/smaps_rollup")
	if err != nil {
		return 0, err
	}

	for line := range strings.Lines(string(text)) {
		value, ok := strings.CutPrefix(line, "Pss:")
		if !ok {
			continue
		}
		number := strings.TrimSuffix(strings.TrimSpace(value), "kB")
		kilobytes, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)

		return kilobytes << 10, err
	}

	return 0, errNoFigure
}

// Resident returns a process's memory in bytes, with all that is shared, 0 when
// it is not known.
// Every user may read it of every process.
func Resident(pid int) int64 {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0
	}

	pages, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		return 0
	}

	return pages * int64(os.Getpagesize())
}
