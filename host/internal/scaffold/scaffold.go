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

// The modes of what is made: source code is for everyone who may read the
// folder.
const (
	folderMode = 0o755
	fileMode   = 0o644
)

// Options say what is to be made. Relative paths are relative to From.
type Options struct {
	// Name is the plugin's: 1 to 32 characters of a-z 0-9 -, beginning with a
	// letter.
	Name string
	// Dir is the folder to make; "" is plugins/NAME inside Payhost's own
	// repository and NAME elsewhere.
	Dir string
	// Module is the path of the new Go module; "" is example.com/NAME. Inside
	// Payhost's repository it must be empty.
	Module string
	// SDK is a folder with Payhost's source, for a module that is to use that;
	// "" uses a published version.
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
	// Next are the commands to go on with, to be run in this order in the
	// working folder.
	Next []string `json:"next"`
}

// Problems are all the reasons for which nothing was made.
type Problems struct {
	Reasons []string
	// Usage is true when a reason holds on every machine, such as a name that
	// no plugin can have.
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
func New(options Options) (*Result, error) {
	p, problems := planFor(options)
	if len(problems.Reasons) > 0 {
		return nil, problems
	}
	// Every file is rendered before one is written, so that a failure here
	// leaves nothing behind.
	files, err := p.render()
	if err != nil {
		return nil, err
	}

	result := &Result{Folder: p.shown, Todos: todosOf(files), Next: p.next()}
	for name := range files {
		result.Files = append(result.Files, name)
	}
	slices.Sort(result.Files)
	if p.registry != "" {
		result.Registry = p.show(p.registry)
	}

	return result, p.write(files)
}

// write moves a finished folder to its place in one step. A folder that came to
// be there in the meantime stays.
func (p *plan) write(files map[string][]byte) error {
	// The registry comes before anything is written: it is the part that can be
	// impossible.
	var registry []byte
	if p.registry != "" {
		var err error
		registry, err = registered(p.registry, p.Name)
		if err != nil {
			return err
		}
	}

	// Beside its place, so that the move is within one file system.
	parent := filepath.Dir(p.folder)
	if err := os.MkdirAll(parent, folderMode); err != nil {
		return err
	}
	scratch, err := os.MkdirTemp(parent, "."+p.Name+"-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(scratch) }() // it has moved away when all went well

	if err := p.fill(scratch, files); err != nil {
		return err
	}

	if err := os.Rename(scratch, p.folder); err != nil {
		return fmt.Errorf("%s cannot be made: %w", p.shown, err)
	}
	if registry == nil {
		return nil
	}

	if err := replaceFile(p.registry, registry); err != nil {
		return fmt.Errorf("%s was made, but its simulator's line is missing from %s: %w",
			p.shown, p.show(p.registry), err)
	}

	return nil
}

// fill writes the files into a folder.
func (p *plan) fill(folder string, files map[string][]byte) error {
	for name, text := range files {
		path := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), folderMode); err != nil {
			return err
		}
		if err := os.WriteFile(path, text, fileMode); err != nil {
			return err
		}
	}

	if p.sdk != "" {
		tidy(folder)
	}

	return os.Chmod(folder, folderMode) // a temporary folder is private
}

// tidy leaves in a module that uses the source on this machine only the
// requirements of its own: so far it has all of Payhost's. It needs no network,
// since the modules that Payhost was built with are on this machine. Where the
// go command is missing, or misses a module, the longer list stays.
func tidy(folder string) {
	kept := map[string][]byte{}
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			return
		}
		kept[name] = text
	}

	command := exec.Command("go", "mod", "tidy")
	command.Dir = folder
	command.Env = append(os.Environ(),
		"GOPROXY=off", "GOFLAGS=-mod=mod", "GOWORK=off", "GOTOOLCHAIN=local")
	if command.Run() == nil {
		return
	}

	// The command may have begun to write.
	for name, text := range kept {
		_ = os.WriteFile(filepath.Join(folder, name), text, fileMode)
	}
}

// replaceFile leaves the old file whole until the new one is.
func replaceFile(path string, text []byte) error {
	next := path + ".next"
	if err := os.WriteFile(next, text, fileMode); err != nil {
		return err
	}
	return os.Rename(next, path)
}
