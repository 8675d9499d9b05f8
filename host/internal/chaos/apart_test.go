package chaos

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

var clocks = flag.Bool("chaos.clocks", false,
	"the machines' times of day are apart, and one is set back and forth")

// timeOfDay is how a machine's time of day differs from the true one. What runs
// on one machine, the host and its plugins, has the same time of day.
type timeOfDay struct {
	// by is in seconds, every as well: the difference is there for so long,
	// then not, and so on. It is always there where every is 0.
	by, every int
}

func (d timeOfDay) right() bool { return d == timeOfDay{} }

// saysOff is how a host says that its machine's clock is not the database's.
const saysOff = "this machine's clock is off"

// judgeClocks makes sure that the clocks were apart, and that the hosts
// noticed.
func (w *world) judgeClocks() {
	for n, day := range daysOf(len(w.hosts)) {
		if off := strings.Contains(w.hosts[n].logged(), saysOff); !day.right() && !off {
			w.t.Errorf("host %d does not say that its clock is %d s off", n, day.by)
		}
	}
}

// flags make a program's time of day differ.
func (d timeOfDay) flags() string {
	return fmt.Sprintf(" -X time.apartBy=%d -X time.apartEvery=%d", d.by, d.every)
}

// daysOf are the times of day of so many machines.
func daysOf(hosts int) []timeOfDay {
	days := make([]timeOfDay, hosts)
	if *clocks && (hosts > 1) {
		days[0] = timeOfDay{by: 20}
		days[1] = timeOfDay{by: -45, every: 25}
	}
	return days
}

// apartSource is added to the standard library's package time. A process cannot
// have a time of day of its own: the system has one, and the programs read it
// without the system's help. So the programs of a machine are built with a
// time.Now whose time of day is off. The running clock, which timeouts and
// pauses go by, is left alone, as when a person sets a clock; and as it is the
// same for all processes, those of one machine step together.
const apartSource = `package time

var apartBy, apartEvery string // set by the linker

var apartSeconds, apartPeriod = apartNumber(apartBy), apartNumber(apartEvery)

func apart(running int64) int64 {
	if apartPeriod == 0 || running/int64(Second)/apartPeriod%2 == 1 {
		return apartSeconds
	}
	return 0
}

func apartNumber(text string) (n int64) {
	for _, c := range []byte(text) {
		if c != '-' {
			n = 10*n + int64(c-'0')
		}
	}
	if text != "" && text[0] == '-' {
		return -n
	}
	return n
}
`

// The line of time.Now that reads the clocks, and what it becomes.
const (
	readsClocks = "func Now() Time {\n\tsec, nsec, mono := runtimeNow()\n"
	readsApart  = readsClocks + "\tsec += apart(mono)\n"
)

// overlay writes what the go command is to take for the standard library's
// package time, and returns the file that says so.
func overlay(folder string) (string, error) {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOROOT: %w", err)
	}
	library := filepath.Join(strings.TrimSpace(string(out)), "src", "time")

	original, err := os.ReadFile(filepath.Join(library, "time.go"))
	if err != nil {
		return "", err
	}
	changed := strings.Replace(string(original), readsClocks, readsApart, 1)
	if changed == string(original) {
		return "", fmt.Errorf(
			"this Go release's time.Now does not read the clocks by %q",
			readsClocks,
		)
	}

	replaced := map[string]string{}
	for name, text := range map[string]string{"time.go": changed, "apart.go": apartSource} {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return "", err
		}
		replaced[filepath.Join(library, name)] = path
	}

	list, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		return "", err
	}
	file := filepath.Join(folder, "overlay.json")

	return file, os.WriteFile(file, list, 0o600)
}
