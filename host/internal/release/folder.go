package release

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// folder is a Place in a folder: PLUGIN/VERSION/ with the manifest, its signature
// and the parts.
type folder struct{ path string }

// Folder returns the place in a folder.
func Folder(path string) Place { return folder{path} }

func (f folder) String() string { return f.path }

func (f folder) Versions(_ context.Context, plugin string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(f.path, plugin))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, f.missing(plugin)
	}
	if err != nil {
		return nil, err
	}

	var versions []string
	for _, entry := range entries {
		if entry.IsDir() && pluginVersion.MatchString(entry.Name()) {
			versions = append(versions, entry.Name())
		}
	}
	return versions, nil
}

// missing tells a folder that is away, such as a disk that is not mounted, from
// a plugin that nobody has published there.
func (f folder) missing(plugin string) error {
	if _, err := os.Stat(f.path); err != nil {
		return fmt.Errorf("the folder of releases cannot be read: %w", err)
	}
	return fmt.Errorf("%s has no plugin %s", f.path, plugin)
}

func (f folder) Manifest(
	ctx context.Context, plugin, version string,
) (found SignedManifest, err error) {
	if err := checkName(plugin, version); err != nil {
		return found, err
	}
	at := filepath.Join(f.path, plugin, version)

	found.Text, err = readDocument(filepath.Join(at, manifestFile), maxManifest)
	if errors.Is(err, fs.ErrNotExist) {
		versions, err := f.Versions(ctx, plugin)
		if err != nil {
			return found, err
		}
		return found, notThere(f, plugin, version, versions)
	}
	if err != nil {
		return found, err
	}

	found.Signature, err = readDocument(filepath.Join(at, signatureFile), maxSignature)
	if errors.Is(err, fs.ErrNotExist) {
		return found, nil
	}
	return found, err
}

// notThere says which versions a place has in place of the one asked for.
func notThere(place Place, plugin, version string, versions []string) error {
	return fmt.Errorf("%s has no %s@%s; it has %s", place, plugin, version,
		orNone(strings.Join(Sort(versions), ", ")))
}

func orNone(text string) string {
	if text == "" {
		return "no version of it"
	}
	return text
}

// checkName keeps names out of paths and URLs that could lead elsewhere.
func checkName(plugin, version string) error {
	if !pluginName.MatchString(plugin) || !pluginVersion.MatchString(version) {
		return fmt.Errorf("%q is not the name and version of a plugin, such as acme@1.2.0",
			plugin+"@"+version)
	}
	return nil
}

func (f folder) Part(
	_ context.Context, plugin, version string, part Part,
) (io.ReadCloser, error) {
	return openPart(filepath.Join(f.path, plugin, version), part)
}

// openPart opens a part of a folder. The manifest's reader has made sure that its
// name leads nowhere else.
func openPart(at string, part Part) (io.ReadCloser, error) {
	file, err := openRegular(filepath.Join(at, part.File), maxProgram)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is missing in %s: the release is not whole; copy all of it, "+
			"or ask its author", part.File, at)
	}
	return file, err
}

func (f folder) Put(_ context.Context, bundle *Bundle) error {
	home := filepath.Join(f.path, bundle.Manifest.Plugin)
	if err := os.MkdirAll(home, 0o755); err != nil { //nolint:gosec // hosts of other users read it
		return err
	}
	at := filepath.Join(home, bundle.Manifest.Version)
	if _, err := os.Lstat(at); err == nil {
		return taken(f, bundle.Manifest)
	}

	// A reader sees the version whole or not at all.
	temp, err := os.MkdirTemp(home, ".new-")
	if err != nil {
		return err
	}
	if err = bundle.writeAll(temp); err == nil {
		if err = os.Rename(temp, at); err == nil {
			return syncFolder(home)
		}
		if _, statErr := os.Lstat(at); statErr == nil {
			err = taken(f, bundle.Manifest)
		}
	}
	return errors.Join(err, os.RemoveAll(temp))
}

// taken refuses to replace a version: those who have installed it would no longer
// have what the place has.
func taken(place Place, manifest *Manifest) error {
	return fmt.Errorf("%s has %s already; a published version never changes: "+
		"publish under a new version", place, manifest.Name())
}
