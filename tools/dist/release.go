package main

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goreleaser/nfpm/v2"
	"github.com/goreleaser/nfpm/v2/deb"
	"github.com/goreleaser/nfpm/v2/files"
)

// release is what one run packs.
type release struct {
	version                       string
	source, programs, common, out string
	made                          time.Time // of every file
}

var versionForm = regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+([-+][0-9A-Za-z.+-]+)?$`)

// Documents that every archive and package has.
var documents = []string{"LICENSE", "README.md", "CHANGELOG.md", "SECURITY.md"}

// write packs every platform, and returns the files that it has written. The last
// is the list of their checksums.
func (r *release) write() (written []string, err error) {
	if !versionForm.MatchString(r.version) {
		return nil, fmt.Errorf("version %q is not one such as 1.2.0", r.version)
	}

	platforms, err := r.platforms()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(r.out, 0o755); err != nil {
		return nil, err
	}

	for _, platform := range platforms {
		system, processor, _ := strings.Cut(platform, "-")
		name := fmt.Sprintf("payhost_%s_%s_%s.tar.gz", r.version, system, processor)
		if err := r.file(name, func(to io.Writer) error {
			return r.archive(to, platform)
		}); err != nil {
			return nil, err
		}
		written = append(written, name)

		if system != "linux" {
			continue
		}
		name = fmt.Sprintf("payhost_%s_%s.deb", r.version, processor)
		if err := r.file(name, func(to io.Writer) error {
			return r.debian(to, platform, processor)
		}); err != nil {
			return nil, err
		}
		written = append(written, name)
	}

	return append(written, checksums), r.checksums(written)
}

// platforms returns the platforms that there are programs for, in order.
func (r *release) platforms() ([]string, error) {
	entries, err := os.ReadDir(r.programs)
	if err != nil {
		return nil, err
	}

	var found []string
	for _, entry := range entries {
		if entry.IsDir() && strings.Contains(entry.Name(), "-") {
			found = append(found, entry.Name())
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s has no folder such as linux-amd64", r.programs)
	}

	return found, nil
}

// file writes one file whole, or not at all.
func (r *release) file(name string, write func(io.Writer) error) error {
	target := filepath.Join(r.out, name)
	file, err := os.CreateTemp(r.out, ".dist-")
	if err != nil {
		return err
	}

	err = errors.Join(write(file), file.Chmod(0o644), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), target)
	}
	if err != nil {
		_ = os.Remove(file.Name())
		return fmt.Errorf("%s: %w", name, err)
	}

	return nil
}

// checksums names the file that "sha256sum -c" reads.
const checksums = "SHA256SUMS"

func (r *release) checksums(names []string) error {
	return r.file(checksums, func(to io.Writer) error {
		for _, name := range names {
			data, err := os.ReadFile(filepath.Join(r.out, name))
			if err != nil {
				return err
			}
			sum := sha256.Sum256(data)
			fmt.Fprintf(to, "%s  %s\n", hex.EncodeToString(sum[:]), name)
		}
		return nil
	})
}

// packed is one file of an archive or a package.
type packed struct {
	from string // on this machine
	to   string // in the archive, or on the machine of the package
	mode fs.FileMode
}

// tree returns the files under a folder, in order, as they are to be packed below
// another one.
func tree(folder, to string, mode fs.FileMode) (list []packed, err error) {
	err = filepath.WalkDir(folder, func(at string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		within, err := filepath.Rel(folder, at)
		if err != nil {
			return err
		}
		list = append(list, packed{at, path.Join(to, filepath.ToSlash(within)), mode})
		return nil
	})
	return list, err
}

// part is a folder, or a file, that both archives and packages have: in an archive
// under its own name, on a machine where it belongs.
type part struct {
	from             string
	archive, machine string
	mode             fs.FileMode
}

func (r *release) parts(platform string) []part {
	programs := filepath.Join(r.programs, platform)
	list := []part{
		{filepath.Join(programs, "payhost"), "payhost", "/usr/bin/payhost", 0o755},
		{filepath.Join(programs, "plugins"), "plugins", "/usr/lib/payhost/plugins", 0o755},
		{filepath.Join(r.common, "man"), "man", "/usr/share/man/man1", 0o644},
		{
			filepath.Join(r.common, "bash"),
			"completions/bash", "/usr/share/bash-completion/completions", 0o644,
		},
		{
			filepath.Join(r.common, "zsh"),
			"completions/zsh", "/usr/share/zsh/vendor-completions", 0o644,
		},
		{
			filepath.Join(r.common, "fish"),
			"completions/fish", "/usr/share/fish/vendor_completions.d", 0o644,
		},
		{
			filepath.Join(r.source, "deploy", "prometheus"),
			"deploy/prometheus", "/usr/share/payhost/prometheus", 0o644,
		},
		{
			filepath.Join(r.source, "deploy", "grafana"),
			"deploy/grafana", "/usr/share/payhost/grafana", 0o644,
		},
		{
			filepath.Join(r.common, "payhost.schema.json"),
			"payhost.schema.json", "/usr/share/payhost/payhost.schema.json", 0o644,
		},
		{
			filepath.Join(r.source, "deploy", "payhost.service"),
			"deploy/payhost.service", "/usr/lib/systemd/system/payhost.service", 0o644,
		},
		{
			filepath.Join(r.source, "deploy", "sysusers.conf"),
			"deploy/sysusers.conf", "/usr/lib/sysusers.d/payhost.conf", 0o644,
		},
		{
			filepath.Join(r.source, "deploy", "tmpfiles.conf"),
			"deploy/tmpfiles.conf", "/usr/lib/tmpfiles.d/payhost.conf", 0o644,
		},
	}

	for _, name := range documents {
		list = append(list, part{
			from:    filepath.Join(r.source, name),
			archive: name,
			machine: "/usr/share/doc/payhost/" + name,
			mode:    0o644,
		})
	}

	return list
}

// packed returns the files of all parts, sorted by where they go.
func (r *release) packed(platform string, place func(part) string) ([]packed, error) {
	var all []packed
	for _, one := range r.parts(platform) {
		info, err := os.Stat(one.from)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			all = append(all, packed{one.from, place(one), one.mode})
			continue
		}

		list, err := tree(one.from, place(one), one.mode)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}

	slices.SortFunc(all, func(a, b packed) int { return strings.Compare(a.to, b.to) })
	return all, nil
}

// archive writes a .tar.gz with one folder in it.
func (r *release) archive(to io.Writer, platform string) error {
	folder := strings.TrimSuffix("payhost_"+r.version, "/")
	list, err := r.packed(platform, func(one part) string {
		return path.Join(folder, one.archive)
	})
	if err != nil {
		return err
	}
	list = append(list, packed{
		filepath.Join(r.common, "config.toml"), path.Join(folder, "config.toml"), 0o600,
	})

	packer, err := gzip.NewWriterLevel(to, gzip.BestCompression)
	if err != nil {
		return err
	}
	writer := tar.NewWriter(packer)
	for _, one := range list {
		if err := r.add(writer, one); err != nil {
			return err
		}
	}

	return errors.Join(writer.Close(), packer.Close())
}

func (r *release) add(writer *tar.Writer, one packed) error {
	data, err := os.ReadFile(one.from)
	if err != nil {
		return err
	}

	err = writer.WriteHeader(&tar.Header{
		Typeflag: tar.TypeReg,
		Name:     one.to,
		Mode:     int64(one.mode),
		Size:     int64(len(data)),
		ModTime:  r.made,
		Format:   tar.FormatPAX,
	})
	if err != nil {
		return err
	}

	_, err = writer.Write(data)
	return err
}

// debian writes a package. The configuration is one of those files that an
// upgrade leaves as an operator has changed them.
func (r *release) debian(to io.Writer, platform, processor string) error {
	list, err := r.packed(platform, func(one part) string { return one.machine })
	if err != nil {
		return err
	}

	contents := files.Contents{{
		Source:      filepath.Join(r.common, "config.toml"),
		Destination: "/etc/payhost/config.toml",
		Type:        files.TypeConfigNoReplace,
		FileInfo:    r.info(0o640),
	}}
	for _, one := range list {
		contents = append(contents, &files.Content{
			Source:      one.from,
			Destination: one.to,
			FileInfo:    r.info(one.mode),
		})
	}

	scripts := filepath.Join(r.source, "deploy", "debian")
	info := nfpm.WithDefaults(&nfpm.Info{
		Name:        "payhost",
		Arch:        processor,
		Platform:    "linux",
		Version:     r.version,
		Section:     "net",
		Priority:    "optional",
		Maintainer:  "The Payhost authors <payhost@users.noreply.github.com>",
		Homepage:    "https://github.com/payhost/payhost",
		License:     "Apache-2.0",
		Description: "Payment-provider plugin host\n Runs payment providers as plugins, and makes payments and payouts through them.",
		MTime:       r.made,
		Overridables: nfpm.Overridables{
			Contents:   contents,
			Recommends: []string{"ca-certificates"},
			Scripts: nfpm.Scripts{
				PostInstall: filepath.Join(scripts, "postinst"),
				PreRemove:   filepath.Join(scripts, "prerm"),
				PostRemove:  filepath.Join(scripts, "postrm"),
			},
		},
	})
	if err := nfpm.PrepareForPackager(info, "deb"); err != nil {
		return err
	}

	return deb.Default.Package(info, to)
}

func (r *release) info(mode fs.FileMode) *files.ContentFileInfo {
	return &files.ContentFileInfo{Mode: mode, MTime: r.made, Owner: "root", Group: "root"}
}
