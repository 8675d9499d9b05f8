package host

import (
	"os"
	"path/filepath"
	"testing"
)

// A host that follows another in a folder knows who that was. While the other
// still uses the folder it is nobody's predecessor, whoever else uses the
// folder too.
func TestAPlaceNamesWhoHasEnded(t *testing.T) {
	folder := t.TempDir()
	claim := func() *dataFolder {
		t.Helper()
		p, err := claimFolder(folder)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}

	sign := func(p *dataFolder, instance string) {
		t.Helper()
		if err := p.sign(instance); err != nil {
			t.Fatal(err)
		}
	}

	first := claim()
	sign(first, "host_first")
	guest := claim()
	sign(guest, "host_guest")
	if first.predecessor != "" || guest.predecessor != "" {
		t.Errorf(
			"predecessors %q and %q of hosts that nobody came before",
			first.predecessor,
			guest.predecessor,
		)
	}

	if err := first.release(); err != nil {
		t.Fatal(err)
	}
	next := claim()
	if next.predecessor != "host_first" {
		t.Errorf("the next host takes %q for the one before it", next.predecessor)
	}

	if err := next.release(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(folder, instanceFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v, %v", info, err)
	}
}
