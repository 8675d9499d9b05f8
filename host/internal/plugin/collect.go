package plugin

import (
	"os"
	"runtime/debug"
)

// collectAt is by how many percent the heap of a plugin, or of a host's own
// process, grows between two collections of garbage, unless the operator says
// otherwise in gcVariable. At Go's own 100 a plugin, whose heap is a few
// megabytes, collects every few hundred calls, which takes a fifth of its time.
const (
	collectAt  = 400
	gcVariable = "GOGC"
)

// collectHard is from how many bytes on the host collects as often as it must,
// unless the operator says otherwise in limitVariable: what strangers send must
// not gather.
const (
	collectHard   = 128 << 20
	limitVariable = "GOMEMLIMIT"
)

// CollectRarely has this process collect garbage as rarely as its plugins do.
// It is for programs that are a host and nothing else: how a service that has a
// host in it uses its memory is the service's.
func CollectRarely() {
	if os.Getenv(gcVariable) != "" {
		return
	}
	debug.SetGCPercent(collectAt)
	if os.Getenv(limitVariable) == "" {
		debug.SetMemoryLimit(collectHard)
	}
}
