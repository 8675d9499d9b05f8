package release

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Bundle is a release that is about to be published.
type Bundle struct {
	Manifest *Manifest
	Signed   SignedManifest
	content  map[string]source // by the part's File
}

// source is what a part is made of: a file, or a text.
type source struct {
	path string
	text []byte
}

func (c source) open() (io.ReadCloser, error) {
	if c.path != "" {
		return os.Open(c.path)
	}
	return io.NopCloser(bytes.NewReader(c.text)), nil
}

// Contents is what an author publishes. Plugin, Version and Contract are what the
// program says of itself; where Reports says it too, they must agree.
type Contents struct {
	Plugin, Version string
	Contract        int
	// Programs are files, each perhaps with its platform before it, as in
	// "linux/amd64=build/acme". Without one it is read from the file.
	Programs []string
	// Reports are files of the conformance kit's reports, and SBOMs lists of
	// components for programs that the Go compiler has not built, each with its
	// platform as Programs.
	Reports, SBOMs []string
	Signer         *Signer // nil: not signed
}

// Bundle puts a release together. The error has every problem.
func (c Contents) Bundle() (*Bundle, error) {
	bundle := &Bundle{
		Manifest: &Manifest{
			Format: Format, Plugin: c.Plugin, Version: c.Version, Contract: c.Contract,
		},
		content: map[string]source{},
	}

	// Reports need the programs' checksums.
	problems := []error{bundle.addPrograms(c.Programs)}
	problems = append(problems, bundle.addReports(c.Reports), bundle.addSBOMs(c.SBOMs))
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}

	text, err := bundle.Manifest.encode()
	if err != nil {
		return nil, err
	}
	bundle.Signed.Text = text
	if c.Signer != nil {
		bundle.Signed.Signature, err = c.Signer.sign(bundle.Manifest, text)
	}
	return bundle, err
}

func (b *Bundle) addPrograms(programs []string) error {
	var problems []error
	for _, named := range programs {
		if err := b.addProgram(named); err != nil {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

func (b *Bundle) addProgram(named string) error {
	platform, path, _ := cutPlatform(named)
	found, err := inspect(path)
	switch {
	case err != nil:
		return err
	case platform != "" && found.platform != "" && platform != found.platform:
		return fmt.Errorf("%s is a program for %s, not for %s", path, found.platform, platform)
	case platform == "" && found.platform == "":
		return fmt.Errorf("%s does not show its platform; write it before the file, "+
			"as in linux/amd64=%s", path, path)
	case platform == "":
		platform = found.platform
	}

	b.add(Part{
		Kind:     KindProgram,
		File:     b.Manifest.Plugin + "-" + strings.ReplaceAll(platform, "/", "-"),
		Platform: platform,
		SHA256:   found.sum,
		Size:     found.size,
	}, source{path: path})
	if found.build == nil {
		return nil
	}

	// The list of components is made of what the compiler has left in it.
	if revision := setting(found.build, "vcs.revision"); b.Manifest.Revision == "" {
		b.Manifest.Revision = revision
	}
	list, err := components(b.Manifest.Plugin, b.Manifest.Version, found)
	if err != nil {
		return err
	}
	b.addText(KindSBOM, platform, list)
	return nil
}

// cutPlatform cuts a platform off the name of a file that follows it.
func cutPlatform(named string) (platform, path string, ok bool) {
	platform, path, ok = strings.Cut(named, "=")
	if ok && platformName.MatchString(platform) {
		return platform, path, true
	}
	return "", named, false
}

func (b *Bundle) addReports(paths []string) error {
	var problems []error
	for _, path := range paths {
		text, err := readDocument(path, maxDocument)
		if err == nil {
			err = b.addReport(text)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("the report %s: %w", path, err))
		}
	}
	return errors.Join(problems...)
}

// addReport refuses a report that no installer would accept, while its author can
// still do something about it.
func (b *Bundle) addReport(text []byte) error {
	report, err := ParseReport(text)
	if err != nil {
		return err
	}
	if err := report.ok(); err != nil {
		return err
	}

	for platform, sum := range b.Manifest.Sums() {
		if sum == report.SHA256 {
			b.addText(KindReport, platform, text)
			return report.about(b.Manifest, platform)
		}
	}
	return fmt.Errorf("it is about a program with sha256 %s, which is none of those published; "+
		"run payhost plugin test on one of them", report.SHA256)
}

func (b *Bundle) addSBOMs(named []string) error {
	var problems []error
	for _, one := range named {
		platform, path, ok := cutPlatform(one)
		if !ok {
			problems = append(problems, fmt.Errorf("%s: write the platform before the list of "+
				"components, as in linux/amd64=%s", one, one))
			continue
		}
		text, err := readDocument(path, maxDocument)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		b.addText(KindSBOM, platform, text)
	}
	return errors.Join(problems...)
}

func (b *Bundle) addText(kind Kind, platform string, text []byte) {
	b.add(Part{
		Kind:     kind,
		File:     string(kind) + "-" + strings.ReplaceAll(platform, "/", "-") + ".json",
		Platform: platform,
		SHA256:   sumOf(text),
		Size:     int64(len(text)),
	}, source{text: text})
}

func (b *Bundle) add(part Part, from source) {
	b.Manifest.Parts = append(b.Manifest.Parts, part)
	b.content[part.File] = from
}

// writeAll writes the release into a folder, to the disk.
func (b *Bundle) writeAll(into string) error {
	if err := os.Chmod(into, 0o755); err != nil { //nolint:gosec // hosts of other users read it
		return err
	}
	for _, part := range b.Manifest.Parts {
		if err := b.writePart(into, part); err != nil {
			return err
		}
	}

	return errors.Join(writeSigned(into, b.Signed), syncFolder(into))
}

func (b *Bundle) writePart(into string, part Part) error {
	from, err := b.content[part.File].open()
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }() // it was only read

	// A file that has changed since it was hashed is not what is signed.
	mode := os.FileMode(0o644)
	if part.Kind == KindProgram {
		mode = 0o755
	}
	return writeFile(filepath.Join(into, part.File), mode, func(to io.Writer) error {
		return copyExactly(to, from, part)
	})
}

func writeSigned(into string, signed SignedManifest) error {
	err := writeText(filepath.Join(into, manifestFile), signed.Text)
	if err == nil && len(signed.Signature) > 0 {
		err = writeText(filepath.Join(into, signatureFile), signed.Signature)
	}
	return err
}
