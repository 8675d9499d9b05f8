package release

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// evidenceFolder holds, inside the folder of plugins, what was published with
// each installed program: PLUGIN@VERSION/ with the manifest, its signature, the
// reports and the lists of components. No plugin's name begins with a point.
const evidenceFolder = ".releases"

// Installed is what Install has done.
type Installed struct {
	*Release
	Path     string // of the program
	SHA256   string
	Platform string
	Before   bool // the same program was there already
}

// Install puts the release's program for this platform into the folder of
// plugins, as PLUGIN@VERSION, and what was published with it beside it. It runs
// nothing of it. The program appears under its name last, whole and on the disk,
// so that after a crash or a failure at any point it is there or it is not. The
// release must come from Policy.Open.
func (r *Release) Install(ctx context.Context, pluginDir string) (*Installed, error) {
	part, err := r.Manifest.Program(Here())
	if err != nil {
		return nil, err
	}
	done := &Installed{
		Release: r, Path: programPath(pluginDir, r.Manifest.Name()),
		SHA256: part.SHA256, Platform: part.Platform,
	}
	if done.Before, err = isInstalled(done.Path, part); err != nil {
		return nil, err
	}

	home := filepath.Join(pluginDir, evidenceFolder)
	if err := os.MkdirAll(home, 0o755); err != nil { //nolint:gosec // hosts of other users read it
		return nil, fmt.Errorf("nothing was installed: %w", err)
	}
	temp, err := os.MkdirTemp(home, ".new-")
	if err != nil {
		return nil, fmt.Errorf("nothing was installed: %w", err)
	}
	defer func() { _ = os.RemoveAll(temp) }() // what was moved out of it stays

	// Everything is fetched, checked and on the disk before anything shows.
	program := filepath.Join(temp, "program")
	papers := filepath.Join(temp, "papers")
	err = errors.Join(r.fetchDocuments(ctx, papers), r.fetchProgram(ctx, program, part))
	if err == nil {
		err = place(papers, filepath.Join(home, r.Manifest.Name()))
	}
	if err == nil && !done.Before {
		err = os.Rename(program, done.Path)
	}
	if err = errors.Join(err, syncFolder(home), syncFolder(pluginDir)); err != nil {
		return nil, fmt.Errorf("%s was not installed: %w", r.Manifest.Name(), err)
	}

	return done, nil
}

func programPath(pluginDir, name string) string {
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(pluginDir, name)
}

// isInstalled reports whether the program is there. Another one under the same
// version is never replaced: a host may be running on it.
func isInstalled(path string, part Part) (bool, error) {
	found, err := inspect(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	case found.sum != part.SHA256:
		return false, fmt.Errorf("%s is there already and has sha256 %s, the release's program has "+
			"%s: one version, two programs; find out which is right, and remove the file if it is "+
			"the release's", path, found.sum, part.SHA256)
	}
	return true, nil
}

// fetchDocuments writes what belongs to the program into a new folder.
func (r *Release) fetchDocuments(ctx context.Context, into string) error {
	if err := os.Mkdir(into, 0o755); err != nil { //nolint:gosec // hosts of other users read it
		return err
	}
	for _, part := range r.Manifest.documents() {
		err := writeFile(filepath.Join(into, part.File), 0o644, func(to io.Writer) error {
			return r.copyPart(ctx, part, to)
		})
		if err != nil {
			return err
		}
	}
	return errors.Join(
		writeSigned(into, SignedManifest{r.text, r.signature}), syncFolder(into))
}

// fetchProgram writes the program, and makes sure that it is one for its
// platform.
func (r *Release) fetchProgram(ctx context.Context, path string, part Part) error {
	err := writeFile(path, 0o755, func(to io.Writer) error { return r.copyPart(ctx, part, to) })
	if err != nil {
		return err
	}

	found, err := inspect(path)
	if err != nil {
		return err
	}
	if found.platform != "" && found.platform != part.Platform {
		return fmt.Errorf("%s is published as a program for %s and is one for %s; ask its author",
			part.File, part.Platform, found.platform)
	}
	return nil
}

// place moves a folder to its name. A folder that is there gives way: its program
// may be there too, and keeps the papers of the same manifest.
func place(from, to string) error {
	old := from + "-old"
	switch err := os.Rename(to, old); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	}
	return os.Rename(from, to)
}

// Evidence is a Place in the folder of plugins: what was installed with each
// program. It has no programs.
type evidence struct{ folder string }

// Evidence returns the place of what was installed with the programs of a folder
// of plugins.
func Evidence(pluginDir string) Place {
	return evidence{filepath.Join(pluginDir, evidenceFolder)}
}

func (e evidence) String() string { return e.folder }

func (e evidence) Versions(_ context.Context, plugin string) ([]string, error) {
	entries, err := os.ReadDir(e.folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}

	var versions []string
	for _, entry := range entries {
		name, version, ok := bytes.Cut([]byte(entry.Name()), []byte("@"))
		if ok && string(name) == plugin && pluginVersion.Match(version) {
			versions = append(versions, string(version))
		}
	}
	return versions, err
}

func (e evidence) Manifest(
	_ context.Context, plugin, version string,
) (found SignedManifest, err error) {
	if err := checkName(plugin, version); err != nil {
		return found, err
	}
	at := filepath.Join(e.folder, plugin+"@"+version)
	if found.Text, err = readDocument(filepath.Join(at, manifestFile), maxManifest); err != nil {
		return found, err
	}
	found.Signature, err = readDocument(filepath.Join(at, signatureFile), maxSignature)
	if errors.Is(err, fs.ErrNotExist) {
		return found, nil
	}
	return found, err
}

func (e evidence) Part(
	_ context.Context, plugin, version string, part Part,
) (io.ReadCloser, error) {
	return openPart(filepath.Join(e.folder, plugin+"@"+version), part)
}

func (e evidence) Put(context.Context, *Bundle) error {
	return errors.New("releases are installed there, and not published")
}

// Of returns the installed release that a program belongs to, judged again as
// when it was installed. version may be empty, for a file without one. The error
// wraps fs.ErrNotExist when there is none.
func (p Policy) Of(pluginDir, plugin, version, sha256 string) (*Release, error) {
	from := Evidence(pluginDir)
	versions := []string{version}
	if version == "" {
		var err error
		if versions, err = from.Versions(context.Background(), plugin); err != nil {
			return nil, err
		}
	}

	for _, version := range versions {
		found, err := from.Manifest(context.Background(), plugin, version)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}

		// A file without a version is of the release that names its checksum.
		manifest, parseErr := ParseManifest(found.Text)
		if parseErr == nil && manifest.Sums()[Here()] != sha256 {
			continue
		}
		return p.Open(context.Background(), from, plugin, version)
	}

	return nil, fmt.Errorf("%w: no release that was installed has a program of %s for %s with "+
		"sha256 %s", fs.ErrNotExist, plugin, Here(), sha256)
}

// Allow returns why the policy does not let a program run; nil when it does. It
// reads what was installed with the program, and trusts none of it more than when
// it was installed: a key that is no longer trusted, or a file that has changed,
// counts at the next start and reload.
func (p Policy) Allow(pluginDir, plugin, version, path, sha256 string) error {
	if !p.Signature && !p.Conformance {
		return nil
	}
	_, err := p.Of(pluginDir, plugin, version, sha256)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s (sha256 %s) was not installed from a release, and plugins.require "+
			"lets no other program run; install it with payhost plugin install", path, sha256)
	}
	if err != nil {
		return fmt.Errorf("%s may not run: %w", path, err)
	}
	return nil
}
