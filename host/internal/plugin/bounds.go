package plugin

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"
	"time"
)

// bounds are for what no limit of a single process bounds: the host looks now
// and then, and ends a plugin that is beyond them.
type bounds struct {
	every     time.Duration // how often
	folder    int64         // bytes in its folder, on the disk
	entries   int           // files and folders in it
	processes int           // the plugin and all that it has started
}

// defaultBounds are for every plugin. A plugin keeps nothing in its folder that
// it needs, and starts no children to answer a call.
var defaultBounds = bounds{
	every:     10 * time.Second,
	folder:    512 << 20,
	entries:   100_000,
	processes: 64,
}

// guard ends the process when it is beyond its bounds.
func (p *Process) guard(b bounds, folders ...string) {
	tick := time.NewTicker(b.every)
	defer tick.Stop()

	for {
		select {
		case <-p.ended():
			return
		case <-p.stopping:
			return
		case <-tick.C:
		}

		if err := b.exceeded(folders, p.launcher.confine); err != nil {
			// The reason is stored before the kill: the end of the process is
			// reported with it.
			p.excess.Store(&err)
			p.launcher.kill()
			return
		}
	}
}

// exceeded returns what is beyond the bounds; nil when nothing is.
func (b bounds) exceeded(folders []string, held *confinement) error {
	for _, folder := range folders {
		if err := b.look(folder); err != nil {
			return err
		}
	}

	members := held.members()
	if len(members) > b.processes {
		return fmt.Errorf("it was ended because it has %d processes, and %d are the most",
			len(members), b.processes)
	}

	used := memoryOf(members)
	if held.memory > 0 && used > held.memory {
		return fmt.Errorf("it was ended because it and its children use %d MiB of memory, and %d are the most",
			used>>20, held.memory>>20)
	}

	return nil
}

// errEnough ends a walk.
var errEnough = errors.New("enough has been seen")

// look adds up what is in the folder. A file that goes away meanwhile does not
// count. Folders in folders, so many that what is in them has no path, are too
// many.
func (b bounds) look(folder string) error {
	size := int64(0)
	entries := 0
	err := filepath.WalkDir(folder, func(_ string, entry fs.DirEntry, err error) error {
		if errors.Is(err, syscall.ENAMETOOLONG) {
			return errEnough
		}
		if err != nil {
			return nil //nolint:nilerr // it has gone, or is not the plugin's
		}

		entries++
		if info, err := entry.Info(); err == nil {
			size += sizeOnDisk(info)
		}
		if size > b.folder || entries > b.entries {
			return errEnough
		}

		return nil
	})
	if !errors.Is(err, errEnough) {
		return nil
	}
	return fmt.Errorf("it was ended because its folder %s holds more than %d MiB or %d files, "+
		"or too many folders in one another", folder, b.folder>>20, b.entries)
}
