package plugin

import (
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

// memoryOf returns the bytes of memory that processes use together; what they
// share counts once. What cannot be read counts nothing.
func memoryOf(pids []int) int64 {
	total := int64(0)
	for _, pid := range pids {
		text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/smaps_rollup")
		if err != nil {
			continue
		}

		for line := range strings.Lines(string(text)) {
			value, ok := strings.CutPrefix(line, "Pss:")
			if !ok {
				continue
			}
			kilobytes, err := strconv.ParseInt(
				strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")),
				10,
				64,
			)
			if err == nil {
				total += kilobytes << 10
			}
		}
	}

	return total
}
