//go:build unix

package providertest

import (
	"syscall"
	"time"
)

// processorTime is this process's, the kit's own work too, as it would be
// without the race detector.
func processorTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano()+used.Stime.Nano()) / raceFactor
}
