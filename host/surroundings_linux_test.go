package host_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/payhost/payhost/host"
)

// What the system says of its mounts is what is found.
func TestAMountWithoutProgramsIsFound(t *testing.T) {
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{} // a later mount hides an earlier one

	for line := range strings.Lines(string(mounts)) {
		if fields := strings.Fields(line); len(fields) > 3 &&
			(fields[1] == "/proc" || fields[1] == "/") {
			want[fields[1]] = slices.Contains(strings.Split(fields[3], ","), "noexec")
		}
	}

	for dir, forbids := range want {
		if host.ForbidsPrograms(dir) != forbids {
			t.Errorf("%s: want %v", dir, forbids)
		}
	}
}
