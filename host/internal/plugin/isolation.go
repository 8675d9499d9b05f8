package plugin

import (
	"fmt"
	"slices"
	"strings"
)

// IsolationStrict is the configuration's word for starting a plugin only with
// everything in force that Table marks strict.
const IsolationStrict = "strict"

// Isolation is what keeps a plugin's process from the rest of the machine. The
// host tries everything that the system may offer.
type Isolation struct {
	InForce []string // in words, such as "own files only (Landlock 7)"
	Missing []string // with the reason

	held map[measure]bool
}

// has notes that a measure is in force, in words of its own.
func (i *Isolation) has(m measure, format string, args ...any) {
	if i.held == nil {
		i.held = map[measure]bool{}
	}
	i.held[m] = true
	i.InForce = append(i.InForce, fmt.Sprintf(format, args...))
}

// lacks notes that a measure is not in force, and why.
func (i *Isolation) lacks(m measure, format string, args ...any) {
	i.Missing = append(i.Missing, fmt.Sprintf("%s: %s", m, fmt.Sprintf(format, args...)))
}

// add adds what another one notes.
func (i *Isolation) add(other Isolation) {
	i.InForce = append(i.InForce, other.InForce...)
	i.Missing = append(i.Missing, other.Missing...)
	for m := range other.held {
		if i.held == nil {
			i.held = map[measure]bool{}
		}
		i.held[m] = true
	}
}

// strict returns an error that names everything strict asks for and that is not
// in force; nil when all of it is.
func (i *Isolation) strict() error {
	// Several rows may lack the same measure.
	var missing []string
	for _, row := range Table() {
		if !row.Strict || row.By == always || i.held[row.By] {
			continue
		}
		if text := i.reason(row.By); !slices.Contains(missing, text) {
			missing = append(missing, text)
		}
	}

	if len(missing) == 0 {
		return nil
	}

	return fmt.Errorf("isolation = %q asks for more than this system has: %s",
		IsolationStrict, strings.Join(missing, "; "))
}

// reason returns what was noted about a measure that is missing.
func (i *Isolation) reason(m measure) string {
	for _, text := range i.Missing {
		if strings.HasPrefix(text, string(m)+": ") {
			return text
		}
	}
	return string(m)
}

// The limits of a plugin's process. Beyond the soft one its Go runtime works
// harder to keep its heap small; at the hard one, which also holds for other
// languages, it gets no more memory, and ends.
const (
	defaultMemory = 256 << 20 // soft; an idle plugin needs 5 MB of its own
	hardMemory    = 4         // times the soft limit
	openFiles     = 4096
	fileSize      = 64 << 20 // of one file, in bytes
)

// reportMissing logs what isolation lacks, once for each lack and workspace: it
// is the same for every start.
func (p *Process) reportMissing(spec Spec) {
	fresh := spec.Workspace.notLogged(p.launcher.isolation.Missing)
	if len(fresh) == 0 {
		return
	}
	spec.Logger.Warn("plugins are kept apart less than they could be: this system lacks something",
		"missing", strings.Join(fresh, "; "),
		"in_force", strings.Join(p.launcher.isolation.InForce, ", "))
}
