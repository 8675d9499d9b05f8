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

// reachTimeout bounds how long a store is waited for.
const reachTimeout = 5 * time.Second

// CheckSurroundings returns what keeps a host from running on cfg besides its
// providers: a data_dir that its socket, its files or its plugins cannot use,
// and a store that nobody answers for. It changes nothing, and does not disturb
// a host that runs on cfg.
func CheckSurroundings(ctx context.Context, cfg *Config) []config.Problem {
	if cfg == nil {
		return nil
	}
	var found []config.Problem
	report := func(key string, err error) {
		if err != nil {
			found = append(
				found,
				config.Problem{
					File:    cfg.File,
					Line:    cfg.Position(key),
					Key:     key,
					Message: err.Error(),
				},
			)
		}
	}

	report("host.data_dir", checkDataDir(cfg))

	ctx, cancel := context.WithTimeout(ctx, reachTimeout)
	defer cancel()
	if err := store.CheckConnection(ctx, cfg.Store.URL.Reveal()); err != nil {
		report("store.url", fmt.Errorf("the store cannot be reached: %w", err))
	}

	return found
}

// checkDataDir looks at the folder, or at the nearest that is there and in
// which it would be made.
func checkDataDir(cfg *Config) error {
	if path := SocketPath(cfg); len(path) > maxSocketPath {
		return tooLong(path)
	}
	dir := cfg.Host.DataDir

	for {
		info, err := os.Stat(dir)
		if err == nil && !info.IsDir() {
			return fmt.Errorf("cannot be written: %s is not a folder", dir)
		}
		if err == nil {
			break
		}

		parent := filepath.Dir(dir)
		if parent == dir || (!errors.Is(err, fs.ErrNotExist) && !isNotFolder(err)) {
			return fmt.Errorf("cannot be written: %w", err)
		}
		dir = parent
	}

	probe, err := os.CreateTemp(dir, ".payhost-check-")
	if err != nil {
		return fmt.Errorf("cannot be written: %w", err)
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
		return fmt.Errorf("cannot be written: %w", err)
	}

	if forbidsPrograms(dir) {
		return fmt.Errorf(
			"%s is mounted noexec: plugins run from copies in data_dir, so none could start",
			dir,
		)
	}

	return nil
}
