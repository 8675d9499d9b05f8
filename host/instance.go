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

// follow returns the instance of the host that used a data_dir before this one, when it is certain that it has ended: what
// it was doing can then be asked about at once. It returns "" when there was none or another host still uses the folder.
func follow(dataDir string) (predecessor string, unlock func() error, err error) {
	path := filepath.Join(dataDir, instanceFile)
	unlock, err = store.LockPath(path)
	if errors.Is(err, store.ErrLocked) {
		return "", func() error { return nil }, nil
	}
	if err != nil {
		return "", nil, err
	}
	name, err := os.ReadFile(path)
	if err != nil {
		return "", nil, errors.Join(err, unlock())
	}
	return strings.TrimSpace(string(name)), unlock, nil
}

// sign leaves this host's instance for the one that follows it.
func sign(dataDir, instance string) error {
	return os.WriteFile(filepath.Join(dataDir, instanceFile), []byte(instance+"\n"), 0o600)
}
