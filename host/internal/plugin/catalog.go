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

// Binary is one program as it was found: a private copy of the file, which is
// what runs, so that nobody can exchange it between the check and the start.
type Binary struct {
	Plugin   string
	Version  string // as asked for; empty for the file without one
	Path     string // the file in the plugins' folder
	Checksum string // sha256, lower-case hex
	// Surroundings tells the machine's files apart that a process must be
	// started anew for to see them.
	Surroundings string
	// Strict has Start refuse it unless everything that Table marks strict is
	// in force.
	Strict   bool
	copied   string
	attached DebugAttach
}

// Find takes a copy of the plugin's program and checks it. With a version only
// <plugin>@<version> will do, without one only <plugin>. pin, unless empty, is
// the only sha256 that is accepted, in hex.
func (c *Catalog) Find(plugin, version, pin string) (Binary, error) {
	b, err := c.read(plugin, version, c.copy)
	if err != nil {
		return Binary{}, err
	}
	if c.workspace.kernel.confinesFiles() {
		b.Surroundings = identities(c.resolver)
	}

	file := fileName(plugin, version)
	if pin != "" &&
		subtle.ConstantTimeCompare([]byte(strings.ToLower(pin)), []byte(b.Checksum)) != 1 {
		return Binary{}, fmt.Errorf(
			"plugin %s: %s has sha256 %s, the configuration allows only %s",
			file,
			b.Path,
			b.Checksum,
			pin,
		)
	}

	return b, nil
}

// Sum finds the plugin's program like Find and gives where it is and its
// checksum. No copy is taken, so what it gives cannot be started.
func (c *Catalog) Sum(plugin, version string) (path, checksum string, err error) {
	b, err := c.read(plugin, version, func(b *Binary, src io.Reader) error {
		hash := sha256.New()
		_, err := io.Copy(hash, src)
		b.Checksum = hex.EncodeToString(hash.Sum(nil))
		return err
	})
	return b.Path, b.Checksum, err
}

func fileName(plugin, version string) string {
	if version == "" {
		return plugin
	}
	return plugin + "@" + version
}

// read finds the program's file and has it taken in.
func (c *Catalog) read(
	plugin, version string,
	take func(*Binary, io.Reader) error,
) (Binary, error) {
	file := fileName(plugin, version)
	if !pluginName.MatchString(plugin) ||
		(version != "" && !pluginVersion.MatchString(version)) {
		return Binary{}, fmt.Errorf("%q cannot be the name of a plugin's file", file)
	}

	b := Binary{Plugin: plugin, Version: version, Path: filepath.Join(c.folder, file)}
	if runtime.GOOS == "windows" {
		b.Path += ".exe"
	}
	src, err := openProgram(b.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return Binary{}, c.missing(b)
	}

	if err == nil {
		err = take(&b, src)
		_ = src.Close() // it was only read
	}

	if err != nil {
		return Binary{}, fmt.Errorf("plugin %s: %w", file, err)
	}

	return b, nil
}

func openProgram(path string) (*os.File, error) {
	src, err := os.Open(path)
	if err != nil {
		return nil, err
	}
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
	b.Checksum, b.copied = sum, filepath.Join(folder, filepath.Base(b.Path))
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return errors.Join(err, os.Remove(temp))
	}

	// A copy of the same content may be running: the name changes hands, the
	// running file stays what it is. Where the system does not allow that, the
	// copy that is there will do.
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
// refuses to run a file that somebody may write to.
func (c *Catalog) hashInto(src io.Reader) (name, sum string, err error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	dst, err := os.CreateTemp(c.workspace.programs, "copy-")
	if err != nil {
		return "", "", err
	}

	hash := sha256.New()
	n, err := io.Copy(io.MultiWriter(dst, hash), io.LimitReader(src, maxProgram+1))
	if err == nil && n > maxProgram {
		err = fmt.Errorf("larger than %d bytes", maxProgram)
	}

	err = errors.Join(err, dst.Chmod(0o500), dst.Close())
	if err != nil {
		return "", "", errors.Join(err, os.Remove(dst.Name()))
	}

	return dst.Name(), hex.EncodeToString(hash.Sum(nil)), nil
}

// verify makes sure before every start that the copy is still what was checked.
func (b Binary) verify() error {
	f, err := os.Open(b.copied)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read

	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return err
	}
	if hex.EncodeToString(hash.Sum(nil)) != b.Checksum {
		return fmt.Errorf("the private copy of %s has been changed", b.Path)
	}

	return nil
}

// Outdated reports whether a process of the program, as it was found, no longer
// reads the machine's files as they are: the resolver's have been replaced, and
// a rule of Landlock's holds for the file that it was made for.
func (c *Catalog) Outdated(b Binary) bool {
	return !b.IsAttached() && b.Surroundings != "" &&
		b.Surroundings != identities(c.resolver)
}

// missing says what there is instead.
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
	for i := range others {
		others[i] = filepath.Base(others[i])
	}

	return fmt.Errorf(
		"plugin %s: there is no file %s; the folder holds %s",
		b.Plugin,
		b.Path,
		strings.Join(others, ", "),
	)
}
