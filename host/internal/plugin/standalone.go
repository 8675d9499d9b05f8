package plugin

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// FindFile takes a copy of one program, <plugin> or <plugin>@<version>, into a
// workspace in a temporary folder of its own: for tools that start a plugin
// without a host. done removes the folder; no process of it may be running any
// more.
func FindFile(file string) (b Binary, w *Workspace, done func(), err error) {
	path, err := filepath.Abs(file)
	if err != nil {
		return Binary{}, nil, nil, err
	}
	if w, done, err = temporary(); err != nil {
		return Binary{}, nil, nil, err
	}

	name, version, _ := strings.Cut(filepath.Base(path), "@")
	if b, err = NewCatalog(filepath.Dir(path), w).Find(name, version, ""); err != nil {
		done()
		return Binary{}, nil, nil, err
	}

	return b, w, done, nil
}

// temporary opens a workspace in a temporary folder, which done removes.
func temporary() (w *Workspace, done func(), err error) {
	folder, err := os.MkdirTemp("", "payhost-plugin-")
	if err != nil {
		return nil, nil, err
	}
	if w, err = OpenWorkspace(folder); err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(folder))
	}

	done = func() {
		_ = w.Close() // what is left of either is the system's to clean
		_ = os.RemoveAll(folder)
	}

	return w, done, nil
}
