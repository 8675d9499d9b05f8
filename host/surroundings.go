package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/store"
)

// reachTimeout bounds how long a check waits for the store.
const reachTimeout = 5 * time.Second

// CheckSurroundings returns what keeps a host from running on cfg besides its
// providers: a data_dir that its socket, its files or its plugins cannot use,
// and a store that does not answer. It changes nothing, and does not disturb a
// host that runs on cfg.
func CheckSurroundings(ctx context.Context, cfg *Config) []config.Problem {
	if cfg == nil {
		return nil
	}
	var found []config.Problem
	if err := checkDataDir(cfg); err != nil {
		found = append(found, problemAt(cfg, "host.data_dir", err.Error()))
	}

	// A store that does not answer must not hold the check up.
	ctx, cancel := context.WithTimeout(ctx, reachTimeout)
	defer cancel()
	if err := store.CheckConnection(ctx, cfg.Store.URL.Reveal()); err != nil {
		found = append(
			found,
			problemAt(cfg, "store.url", "the store cannot be reached: "+err.Error()),
		)
	}

	return found
}

// checkDataDir returns why a host could not use the folder, or could not make
// it.
func checkDataDir(cfg *Config) error {
	if path := SocketPath(cfg); len(path) > maxSocketPath {
		return tooLong(path)
	}
	folder, err := nearestFolder(cfg.Host.DataDir)
	if err != nil {
		return fmt.Errorf("cannot be written: %w", err)
	}

	// Modes and mounts say less than a file that could be written.
	probe, err := os.CreateTemp(folder, ".payhost-check-")
	if err == nil {
		err = errors.Join(probe.Close(), os.Remove(probe.Name()))
	}
	if err != nil {
		return fmt.Errorf("cannot be written: %w", err)
	}

	// Plugins are copied into data_dir before they run.
	if forbidsPrograms(folder) {
		return fmt.Errorf(
			"%s is mounted noexec: plugins run from copies in data_dir, so none could start",
			folder,
		)
	}

	return nil
}

// nearestFolder returns a folder, or the nearest above it that exists.
func nearestFolder(path string) (string, error) {
	for {
		info, err := os.Stat(path)
		if err == nil {
			if !info.IsDir() {
				return "", fmt.Errorf("%s is not a folder", path)
			}
			return path, nil
		}

		// A host would make what is absent.
		parent := filepath.Dir(path)
		absent := errors.Is(err, fs.ErrNotExist) || isNotFolder(err)
		if parent == path || !absent {
			return "", err
		}

		path = parent
	}
}
