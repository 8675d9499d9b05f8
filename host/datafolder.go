package host

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/payhost/payhost/host/internal/store"
)

// instanceFile, in data_dir, names the host that uses the folder. Its lock is
// held for as long as that host runs.
const instanceFile = "instance"

// dataFolder is a host's claim on its data_dir.
type dataFolder struct {
	path string
	// predecessor is the instance of the host that used the folder before, when
	// it is certain that it has ended: its calls can then be asked about at
	// once. It is empty when there was none, or while another host uses the
	// folder.
	predecessor string
	unlock      func() error // nil while another host uses the folder
}

// claimFolder claims the folder for this host, if no other host has it.
func claimFolder(dataDir string) (*dataFolder, error) {
	path := filepath.Join(dataDir, instanceFile)
	unlock, err := store.LockPath(path)
	if errors.Is(err, store.ErrLocked) {
		return &dataFolder{path: dataDir}, nil
	}

	if err != nil {
		return nil, err
	}

	// The lock is this host's, so the host that wrote the name has ended.
	name, err := os.ReadFile(path)
	if err != nil {
		return nil, errors.Join(err, unlock())
	}

	return &dataFolder{
		path:        dataDir,
		predecessor: strings.TrimSpace(string(name)),
		unlock:      unlock,
	}, nil
}

// sign leaves this host's instance for the next one. In a folder that another
// host uses it leaves that host's.
func (f *dataFolder) sign(instance string) error {
	if f.unlock == nil {
		return nil
	}
	return os.WriteFile(filepath.Join(f.path, instanceFile), []byte(instance+"\n"), 0o600)
}

// release leaves the folder to the next host.
func (f *dataFolder) release() error {
	if f.unlock == nil {
		return nil
	}
	return f.unlock()
}
