package plugin

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// FindFile takes a copy of one program, <plugin> or <plugin>@<version>, into a
// workspace in a temporary folder: for tools that start a plugin without a
// host. done removes the folder; no process of it may be running any more.
func FindFile(file string) (found Binary, workspace *Workspace, done func(), err error) {
	path, err := filepath.Abs(file)
	if err != nil {
		return Binary{}, nil, nil, err
	}
	workspace, done, err = temporary()
	if err != nil {
		return Binary{}, nil, nil, err
	}

	name, version, _ := strings.Cut(filepath.Base(path), "@")
	found, err = NewCatalog(filepath.Dir(path), workspace).Find(name, version, "")
	if err != nil {
		done()
		return Binary{}, nil, nil, err
	}

	return found, workspace, done, nil
}

// temporary opens a workspace in a temporary folder, which done removes.
func temporary() (workspace *Workspace, done func(), err error) {
	folder, err := os.MkdirTemp("", "payhost-plugin-")
	if err != nil {
		return nil, nil, err
	}
	workspace, err = OpenWorkspace(folder)
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(folder))
	}

	done = func() {
		_ = workspace.Close() // the system cleans up what is left of either
		_ = os.RemoveAll(folder)
	}

	return workspace, done, nil
}
