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
// for sockets. It is locked for as long as the host lives: a folder whose lock
// is free was left behind by a host that was killed, and the next host removes
// it. (systemd-tmpfiles leaves locked folders alone, too.)
type Workspace struct {
	programs string
	sockets  string
	work     string // holds each plugin's own folder
	locks    []*os.File
	folders  []string

	kernel kernel
	mark   processMark // of all processes that are started here
	scope  killScope   // of those that may be killed for it
	bounds bounds      // of each plugin

	mu      sync.Mutex
	started uint32          // processes
	logged  map[string]bool // what isolation lacks, once it has been logged
}

// OpenWorkspace makes the folder under dataDir/run. Several hosts may share one
// dataDir.
func OpenWorkspace(dataDir string) (*Workspace, error) {
	all := filepath.Join(dataDir, "run")
	if err := os.MkdirAll(all, 0o700); err != nil {
		return nil, err
	}

	opened := &Workspace{
		work:   filepath.Join(dataDir, "plugins"),
		kernel: probeKernel(),
		mark:   newMark(),
		bounds: defaultBounds,
		logged: map[string]bool{},
	}
	opened.scope = ownScope(opened.kernel)

	if err := opened.open(all); err != nil {
		err = fmt.Errorf("private folder for plugins: %w", err)
		return nil, errors.Join(err, opened.Close())
	}

	return opened, nil
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

	w.programs = filepath.Join(own, "bin")
	w.sockets = filepath.Join(own, "s")
	if err := os.Mkdir(w.programs, 0o700); err != nil {
		return err
	}

	if len(w.sockets) <= maxSocketFolder {
		return os.Mkdir(w.sockets, 0o700)
	}

	// A path that is too long for sockets gets a folder elsewhere. The link
	// tells the next host what to remove if this one is killed.
	short, err := w.claim(os.TempDir(), "payhost-")
	if err != nil {
		return err
	}

	if len(short) > maxSocketFolder {
		return fmt.Errorf("neither %s nor %s is short enough for the path of a socket", w.sockets, short)
	}

	err = os.Symlink(short, w.sockets)
	w.sockets = short
	return err
}

// claim makes a folder for this host and locks it.
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

// markFile tells the next host which processes to end if this one is killed:
// plugins end with their host, but not what they may have started. Its first
// line is the workspace's mark, the others are the control groups that it is
// in.
const markFile = "family"

func (w *Workspace) markText() []byte {
	text := strconv.AppendUint(nil, uint64(w.mark), 10)
	for _, group := range w.scope.groups {
		text = append(text, "\n"+group...)
	}
	return text
}

// nextMark returns the mark of the next process.
func (w *Workspace) nextMark() processMark {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.started++
	return w.mark.ofProcess(w.started)
}

// endAbandoned ends what the plugins of a killed host have started.
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

// notLogged returns the texts that have not been passed to it before.
func (w *Workspace) notLogged(texts []string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()

	var fresh []string
	for _, text := range texts {
		if !w.logged[text] {
			w.logged[text] = true
			fresh = append(fresh, text)
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

	w.folders = nil
	w.locks = nil
	return errors.Join(errs...)
}

// removeAbandoned removes the folders of hosts that no longer live. A folder
// that cannot be removed stays for the next time.
func removeAbandoned(all string) {
	entries, err := os.ReadDir(all)
	if err != nil {
		return
	}

	// A lock that is free belongs to no living host.
	for _, entry := range entries {
		folder := filepath.Join(all, entry.Name())
		lock, err := lockFolder(folder, false)
		if err != nil {
			continue // a living host's, or not a folder
		}

		if endAbandoned(folder) == nil { // else the next host tries again
			removeFolder(folder)
		}
		_ = lock.Close()
	}
}

// removeFolder removes a host's folder, and that of its sockets elsewhere.
func removeFolder(folder string) {
	short, err := os.Readlink(filepath.Join(folder, "s"))
	if err == nil && isShortFolder(short) {
		_ = os.RemoveAll(short)
	}
	_ = os.RemoveAll(folder)
}

// isShortFolder reports whether claim may have made a folder. A link that
// another program has made must not name what is removed.
func isShortFolder(path string) bool {
	return filepath.Dir(path) == filepath.Clean(os.TempDir()) &&
		strings.HasPrefix(filepath.Base(path), "payhost-")
}

// workFolder makes the plugin's own current folder, which is kept between its
// runs.
func (w *Workspace) workFolder(plugin string) (string, error) {
	folder := filepath.Join(w.work, plugin)
	return folder, os.MkdirAll(folder, 0o700)
}
