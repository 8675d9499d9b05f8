package scaffold

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// payhost is the module that holds the sdk.
const payhost = "github.com/payhost/payhost"

// Options say what is to be made. Relative paths are relative to From.
type Options struct {
	// Name is the plugin's: 1 to 32 characters of a-z 0-9 -, beginning with a
	// letter.
	Name string
	// Dir is the folder to make; "" is plugins/NAME inside Payhost's own
	// repository and NAME elsewhere.
	Dir string
	// Module is the path of the new Go module; "" is example.com/NAME. Inside
	// Payhost's repository there is none.
	Module string
	// SDK is a folder with Payhost's source, for a module that is to use that
	// and no published version; "" is the latter.
	SDK string
	// From is the working folder.
	From string
}

// Result says what was made.
type Result struct {
	Folder string   `json:"folder"`
	Files  []string `json:"files"` // with slashes, relative to Folder
	// Registry is the file that got a line for the new simulator; "" outside of
	// Payhost's repository.
	Registry string `json:"registry,omitempty"`
	Todos    []Todo `json:"todos"`
	// Next are the commands to go on with, to be run in this order from where
	// the command ran.
	Next []string `json:"next"`
}

// Problems are all the reasons for which nothing was made.
type Problems struct {
	Reasons []string
	// Usage: at least one is wrong whatever there is on this machine, such as a
	// name that no plugin can have.
	Usage bool
}

func (p *Problems) Error() string { return strings.Join(p.Reasons, "\n") }

func (p *Problems) add(format string, args ...any) {
	p.Reasons = append(p.Reasons, fmt.Sprintf(format, args...))
}

func (p *Problems) wrong(format string, args ...any) {
	p.add(format, args...)
	p.Usage = true
}

// New makes the folder. It appears whole or not at all, and no file that exists
// is changed, but for the registry of simulators inside Payhost's repository.
// The error is *Problems when the options cannot be followed.
func New(o Options) (*Result, error) {
	p, problems := planFor(o)
	if len(problems.Reasons) > 0 {
		return nil, problems
	}
	files, err := p.render()
	if err != nil {
		return nil, err
	}

	r := &Result{Folder: p.shown, Todos: todosOf(files), Next: p.next()}
	for name := range files {
		r.Files = append(r.Files, name)
	}
	slices.Sort(r.Files)
	if p.registry != "" {
		r.Registry = p.show(p.registry)
	}

	return r, p.write(files)
}

// write moves a finished folder to its place in one step. A folder that came to
// be there in the meantime stays.
func (p *plan) write(files map[string][]byte) error {
	var registry []byte
	if p.registry != "" { // before anything is written: it is the part that can be impossible
		var err error
		if registry, err = registered(p.registry, p.Name); err != nil {
			return err
		}
	}

	parent := filepath.Dir(p.folder)
	if err := os.MkdirAll(parent, 0o755); err != nil { //nolint:gosec // source code is for everybody who may read the folder
		return err
	}
	scratch, err := os.MkdirTemp(parent, "."+p.Name+"-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch) //nolint:errcheck // what is left of it is in nobody's way

	for name, text := range files {
		path := filepath.Join(scratch, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // as above
			return err
		}
		if err := os.WriteFile(path, text, 0o644); err != nil { //nolint:gosec // as above
			return err
		}
	}

	if p.sdk != "" {
		tidy(scratch)
	}
	if err := os.Chmod(scratch, 0o755); err != nil { //nolint:gosec // as above
		return err
	}

	if err := os.Rename(scratch, p.folder); err != nil {
		return fmt.Errorf("%s cannot be made: %w", p.shown, err)
	}
	if registry == nil {
		return nil
	}

	if err := replaceFile(p.registry, registry); err != nil {
		return fmt.Errorf(
			"%s was made, but its simulator's line is missing from %s: %w",
			p.shown,
			p.show(p.registry),
			err,
		)
	}

	return nil
}

// tidy leaves in a module that uses the source on this machine only the
// requirements of its own: what came along is the whole of Payhost's. It asks
// nobody: what Payhost was built with is here. Where the go command is missing,
// or finds that something is, the longer list does as well.
func tidy(folder string) {
	kept := map[string][]byte{}
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			return
		}
		kept[name] = text
	}

	run := exec.Command("go", "mod", "tidy")
	run.Dir = folder
	run.Env = append(
		os.Environ(),
		"GOPROXY=off",
		"GOFLAGS=-mod=mod",
		"GOWORK=off",
		"GOTOOLCHAIN=local",
	)

	if run.Run() == nil {
		return
	}

	for name, text := range kept { // it may have begun to write
		_ = os.WriteFile(
			filepath.Join(folder, name),
			text,
			0o644,
		) //nolint:gosec // as above
	}
}

// replaceFile leaves the old file whole until the new one is.
func replaceFile(path string, text []byte) error {
	next := path + ".next"
	if err := os.WriteFile(next, text, 0o644); err != nil { //nolint:gosec // source code
		return err
	}
	return os.Rename(next, path)
}
