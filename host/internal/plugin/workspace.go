package plugin

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// maxSocketFolder is how long a folder's path may be so that a socket in it
// keeps to the 108 bytes that a socket's path may have: go-plugin adds
// "/plugin-dir" and "/plugin", each with up to ten digits.
const maxSocketFolder = 107 - len("/plugin-dir1234567890/plugin1234567890")

// Workspace is one host's private folder (mode 0700) for copies of programs and
// for sockets. It is locked for as long as the host lives: what a killed host
// left behind is recognized by its lock being free, and removed by the next
// one. (systemd-tmpfiles leaves locked folders alone, too.)
type Workspace struct {
	programs string
	sockets  string
	work     string
	locks    []*os.File
	folders  []string
	kernel   kernel
	mark     processMark // of all processes that are started here
	scope    killScope   // what they belong to
	bounds   bounds      // of each plugin

	mu      sync.Mutex
	started uint32
	said    map[string]bool // what the log has been told isolation lacks
}

// OpenWorkspace makes the folder under dataDir/run. Several hosts may share one
// dataDir.
func OpenWorkspace(dataDir string) (*Workspace, error) {
	all := filepath.Join(dataDir, "run")
	if err := os.MkdirAll(all, 0o700); err != nil {
		return nil, err
	}
	w := &Workspace{
		work:   filepath.Join(dataDir, "plugins"),
		kernel: probeKernel(),
		mark:   newMark(),
		bounds: defaultBounds,
		said:   map[string]bool{},
	}

	w.scope = ownScope(w.kernel)
	if err := w.open(all); err != nil {
		return nil, errors.Join(
			fmt.Errorf("private folder for plugins: %w", err),
			w.Close(),
		)
	}

	return w, nil
}

// open makes and locks the folders. The folder above is locked meanwhile, so
// that no other host takes a new folder that is not locked yet for one that was
// left behind.
func (w *Workspace) open(all string) error {
	gate, err := lockFolder(all, true)
	if err != nil {
		return err
	}
	defer func() { _ = gate.Close() }() // it was only locked

	removeAbandoned(all)

	own, err := w.claim(all, "")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(own, markFile), w.markText(), 0o600); err != nil {
		return err
	}

	w.programs, w.sockets = filepath.Join(own, "bin"), filepath.Join(own, "s")
	if err := os.Mkdir(w.programs, 0o700); err != nil {
		return err
	}
	if len(w.sockets) <= maxSocketFolder {
		return os.Mkdir(w.sockets, 0o700)
	}

	short, err := w.claim(os.TempDir(), "payhost-")
	if err != nil {
		return err
	}
	if len(short) > maxSocketFolder {
		return fmt.Errorf(
			"neither %s nor %s is short enough for the path of a socket",
			w.sockets,
			short,
		)
	}

	// The link tells the next host what to remove if this one is killed.
	err = os.Symlink(short, w.sockets)
	w.sockets = short

	return err
}

// claim makes a folder of our own and locks it.
func (w *Workspace) claim(parent, prefix string) (string, error) {
	folder, err := os.MkdirTemp(parent, prefix)
	if err != nil {
		return "", err
	}
	w.folders = append(w.folders, folder)
	lock, err := lockFolder(folder, false)
	if err != nil {
		return "", err
	}

	w.locks = append(w.locks, lock)
	return folder, nil
}

// markFile tells the next host what processes to end if this one is killed:
// plugins end with it, but not what they may have started. Its first line is
// the workspace's mark, the others are the control groups that it is in.
const markFile = "family"

func (w *Workspace) markText() []byte {
	text := strconv.AppendUint(nil, uint64(w.mark), 10)
	for _, group := range w.scope.groups {
		text = append(text, "\n"+group...)
	}
	return text
}

// nextMark returns one process's mark.
func (w *Workspace) nextMark() processMark {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.started++
	return w.mark.ofProcess(w.started)
}

// endAbandoned ends what a killed host's plugins have started.
func endAbandoned(folder string) error {
	text, err := os.ReadFile(filepath.Join(folder, markFile))
	if err != nil {
		return nil //nolint:nilerr // nothing was started yet
	}
	lines := strings.Split(string(text), "\n")
	if n, err := strconv.ParseUint(lines[0], 10, 64); err == nil && n != 0 {
		return processMark(n).killAll(killScope{groups: lines[1:]})
	}
	return nil
}

// unsaid gives those of the texts that it has not been asked about before.
func (w *Workspace) unsaid(texts []string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var fresh []string

	for _, t := range texts {
		if !w.said[t] {
			w.said[t] = true
			fresh = append(fresh, t)
		}
	}

	return fresh
}

// Close removes the folders. No process of the workspace may be running any
// more.
func (w *Workspace) Close() error {
	var errs []error
	for _, folder := range w.folders {
		errs = append(errs, os.RemoveAll(folder))
	}
	for _, lock := range w.locks {
		errs = append(errs, lock.Close())
	}
	w.folders, w.locks = nil, nil
	return errors.Join(errs...)
}

// removeAbandoned removes the folders of hosts that no longer live. What cannot
// be removed stays for the next time.
func removeAbandoned(all string) {
	entries, err := os.ReadDir(all)
	if err != nil {
		return
	}

	for _, e := range entries {
		folder := filepath.Join(all, e.Name())
		lock, err := lockFolder(folder, false)
		if err != nil {
			continue // a living host's, or not a folder
		}

		if endAbandoned(folder) != nil {
			_ = lock.Close() // the next host tries again
			continue
		}

		if short, err := os.Readlink(filepath.Join(folder, "s")); err == nil &&
			isShortFolder(short) {
			_ = os.RemoveAll(short)
		}

		_ = os.RemoveAll(folder)
		_ = lock.Close()
	}
}

// isShortFolder keeps a link that somebody else made from naming what is to be
// removed.
func isShortFolder(path string) bool {
	return filepath.Dir(path) == filepath.Clean(os.TempDir()) &&
		strings.HasPrefix(filepath.Base(path), "payhost-")
}

// workFolder is the plugin's own current folder, kept between its runs.
func (w *Workspace) workFolder(plugin string) (string, error) {
	folder := filepath.Join(w.work, plugin)
	return folder, os.MkdirAll(folder, 0o700)
}
