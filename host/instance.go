package host

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/payhost/payhost/host/internal/store"
)

// instanceFile, in data_dir, names the host that uses the folder. Its lock is held as long as that lives.
const instanceFile = "instance"

// place is a host's hold on its data_dir.
type place struct {
	folder string
	// predecessor is the instance of the host that used the folder before, when it is certain that it has ended: what it was
	// doing can then be asked about at once. It is empty when there was none, or while another host uses the folder.
	predecessor string
	unlock      func() error // nil while another host uses the folder
}

// takePlace takes the folder for this host, if no other host has it.
func takePlace(dataDir string) (*place, error) {
	path := filepath.Join(dataDir, instanceFile)
	unlock, err := store.LockPath(path)
	if errors.Is(err, store.ErrLocked) {
		return &place{folder: dataDir}, nil
	}
	if err != nil {
		return nil, err
	}
	name, err := os.ReadFile(path)
	if err != nil {
		return nil, errors.Join(err, unlock())
	}
	return &place{folder: dataDir, predecessor: strings.TrimSpace(string(name)), unlock: unlock}, nil
}

// sign leaves this host's instance for the one that follows it. In a folder that another host uses it leaves that one's.
func (p *place) sign(instance string) error {
	if p.unlock == nil {
		return nil
	}
	return os.WriteFile(filepath.Join(p.folder, instanceFile), []byte(instance+"\n"), 0o600)
}

// leave gives the folder to the next host.
func (p *place) leave() error {
	if p.unlock == nil {
		return nil
	}
	return p.unlock()
}
