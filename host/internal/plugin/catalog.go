package plugin

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
)

// maxProgram bounds a plugin's file.
const maxProgram = 1 << 30

var (
	pluginName    = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)
	pluginVersion = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.+_-]{0,63}$`)
)

// Catalog finds plugins' programs in one folder: <plugin>, or
// <plugin>@<version>.
type Catalog struct {
	folder    string
	workspace *Workspace
	resolver  []string // files whose replacement makes a running plugin blind for them
}

// NewCatalog looks in pluginDir and keeps its copies in the workspace.
func NewCatalog(pluginDir string, w *Workspace) *Catalog {
	return &Catalog{
		folder:    pluginDir,
		workspace: w,
		resolver:  []string{"/etc/resolv.conf", "/etc/hosts"},
	}
}

// Binary is one program as it was found. A private copy of the file is what
// runs, so that it cannot be exchanged between the check and the start.
type Binary struct {
	Plugin   string
	Version  string // as asked for; empty for the file without one
	Path     string // the file in the plugins' folder
	Checksum string // sha256, lower-case hex

	// Surroundings tells apart the files of the machine that a plugin sees only
	// as they were when its process was started.
	Surroundings string

	// Strict has Start refuse the program unless everything that Table marks
	// strict is in force.
	Strict bool

	copied   string
	attached DebugAttach
}

// Find takes a copy of the plugin's program and checks it. With a version only
// <plugin>@<version> will do, without one only <plugin>. pin, unless empty, is
// the only sha256 that is accepted, in hex.
func (c *Catalog) Find(plugin, version, pin string) (Binary, error) {
	found, err := c.read(plugin, version, c.copy)
	if err != nil {
		return Binary{}, err
	}
	if c.workspace.kernel.confinesFiles() {
		found.Surroundings = identities(c.resolver)
	}

	if pin != "" && !sameText(strings.ToLower(pin), found.Checksum) {
		return Binary{}, fmt.Errorf("plugin %s: %s has sha256 %s, the configuration allows only %s",
			fileName(plugin, version), found.Path, found.Checksum, pin)
	}

	return found, nil
}

func sameText(a, b string) bool {
	return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}

// Sum finds the plugin's program like Find and returns its path and checksum.
// It takes no copy, so nothing can be started.
func (c *Catalog) Sum(plugin, version string) (path, checksum string, err error) {
	found, err := c.read(plugin, version, func(into *Binary, src io.Reader) error {
		hash := sha256.New()
		_, err := io.Copy(hash, src)
		into.Checksum = hex.EncodeToString(hash.Sum(nil))
		return err
	})
	return found.Path, found.Checksum, err
}

func fileName(plugin, version string) string {
	if version == "" {
		return plugin
	}
	return plugin + "@" + version
}

// read finds the program's file and passes its content to take.
func (c *Catalog) read(
	plugin, version string,
	take func(*Binary, io.Reader) error,
) (Binary, error) {
	file := fileName(plugin, version)
	validVersion := version == "" || pluginVersion.MatchString(version)
	if !pluginName.MatchString(plugin) || !validVersion {
		return Binary{}, fmt.Errorf("%q cannot be the name of a plugin's file", file)
	}

	found := Binary{Plugin: plugin, Version: version, Path: filepath.Join(c.folder, file)}
	if runtime.GOOS == "windows" {
		found.Path += ".exe"
	}
	// A file that is not there is the operator's most frequent mistake: the
	// error lists the files that are.
	src, err := openProgram(found.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return Binary{}, c.missing(found)
	}

	if err == nil {
		err = take(&found, src)
		_ = src.Close() // it was only read
	}

	if err != nil {
		return Binary{}, fmt.Errorf("plugin %s: %w", file, err)
	}

	return found, nil
}

func openProgram(path string) (*os.File, error) {
	src, err := os.Open(path)
	if err != nil {
		return nil, err
	}

	// The open file is examined, and not its path, under which another file may
	// be put meanwhile.
	info, err := src.Stat()
	switch {
	case err != nil:
	case !info.Mode().IsRegular():
		err = fmt.Errorf("%s is not a regular file", path)
	case info.Size() > maxProgram:
		err = fmt.Errorf("%s is larger than %d bytes", path, maxProgram)
	default:
		return src, nil
	}

	return nil, errors.Join(err, src.Close())
}

// copy reads the file once: what is hashed is what is copied.
func (c *Catalog) copy(b *Binary, src io.Reader) error {
	temp, sum, err := c.hashInto(src)
	if err != nil {
		return err
	}

	folder := filepath.Join(c.workspace.programs, sum)
	b.Checksum = sum
	b.copied = filepath.Join(folder, filepath.Base(b.Path))
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return errors.Join(err, os.Remove(temp))
	}

	// A copy of the same content may be running: the new copy takes over its
	// name, and the running file stays as it is. Where the system does not
	// allow that, the copy that is there will do.
	if err := os.Rename(temp, b.copied); err != nil {
		_ = os.Remove(temp)
		if b.verify() != nil {
			return err
		}
	}

	return nil
}

// hashInto copies src to a new private file. No process is forked meanwhile: a
// child would hold the file open for writing for a moment, and the system
// refuses to run a file that is open for writing.
func (c *Catalog) hashInto(src io.Reader) (name, sum string, err error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()

	dst, err := os.CreateTemp(c.workspace.programs, "copy-")
	if err != nil {
		return "", "", err
	}

	// The checksum is of the bytes that are copied and run, since the file may
	// be replaced at any time. One byte above the limit shows a larger file.
	hash := sha256.New()
	size, err := io.Copy(io.MultiWriter(dst, hash), io.LimitReader(src, maxProgram+1))
	if err == nil && size > maxProgram {
		err = fmt.Errorf("larger than %d bytes", maxProgram)
	}

	err = errors.Join(err, dst.Chmod(0o500), dst.Close())
	if err != nil {
		return "", "", errors.Join(err, os.Remove(dst.Name()))
	}

	return dst.Name(), hex.EncodeToString(hash.Sum(nil)), nil
}

// verify makes sure, before every start, that the copy is what was checked.
func (b Binary) verify() error {
	copied, err := os.Open(b.copied)
	if err != nil {
		return err
	}
	defer func() { _ = copied.Close() }() // it was only read

	hash := sha256.New()
	if _, err := io.Copy(hash, copied); err != nil {
		return err
	}
	if hex.EncodeToString(hash.Sum(nil)) != b.Checksum {
		return fmt.Errorf("the private copy of %s has been changed", b.Path)
	}

	return nil
}

// Outdated reports whether a process of the program, as it was found, no longer
// reads the machine's files as they are: the resolver's have been replaced, and
// a rule of Landlock holds for the file that it was made for.
func (c *Catalog) Outdated(b Binary) bool {
	return !b.IsAttached() && b.Surroundings != "" &&
		b.Surroundings != identities(c.resolver)
}

// missing returns the error for a file that is not there, with the files that
// are.
func (c *Catalog) missing(b Binary) error {
	others, _ := filepath.Glob(filepath.Join(c.folder, b.Plugin+"@*"))
	if b.Version != "" {
		if _, err := os.Stat(filepath.Join(c.folder, b.Plugin)); err == nil {
			others = append(others, b.Plugin)
		}
	}

	if len(others) == 0 {
		return fmt.Errorf("plugin %s: there is no file %s", b.Plugin, b.Path)
	}

	for n := range others {
		others[n] = filepath.Base(others[n])
	}

	return fmt.Errorf("plugin %s: there is no file %s; the folder holds %s",
		b.Plugin, b.Path, strings.Join(others, ", "))
}
