package plugin

import (
	"fmt"
	"strings"
)

// Isolation says what keeps a plugin's process from the rest of the machine. Everything that can be in force is tried;
// what the system does not have is missing, and the plugin runs all the same.
type Isolation struct {
	InForce []string // in words, such as "own files only (Landlock 7)"
	Missing []string // with the reason
}

func (i *Isolation) has(format string, args ...any) {
	i.InForce = append(i.InForce, fmt.Sprintf(format, args...))
}

func (i *Isolation) lacks(format string, args ...any) {
	i.Missing = append(i.Missing, fmt.Sprintf(format, args...))
}

// The limits of a plugin's process. Beyond the soft one its Go runtime works harder to keep its heap small; at the hard
// one, which also holds for other languages, it gets no more memory, and ends.
const (
	defaultMemory = 256 << 20 // soft; an idle plugin needs 5 MB of its own
	hardMemory    = 4         // times the soft limit
	openFiles     = 4096
)

// reportMissing logs what isolation lacks, once for each lack and workspace: it is the same for every start.
func (p *Process) reportMissing(spec Spec) {
	fresh := spec.Workspace.unsaid(p.launcher.isolation.Missing)
	if len(fresh) > 0 {
		spec.Logger.Warn("plugins are kept apart less than they could be: this system lacks something",
			"missing", strings.Join(fresh, "; "), "in_force", strings.Join(p.launcher.isolation.InForce, ", "))
	}
}
