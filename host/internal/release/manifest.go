package release

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

// Format is the name of the manifest's form. A reader refuses every other.
const Format = "payhost.plugin/1"

// The bounds of what is read from a folder or a registry of strangers.
const (
	maxManifest  = 256 << 10
	maxSignature = 4 << 10
	maxParts     = 256
	maxProgram   = 1 << 30
	maxDocument  = 16 << 20 // a report, or a list of components
)

// Kind says what a part is.
type Kind string

// The kinds of parts.
const (
	KindProgram Kind = "program"
	KindReport  Kind = "report" // of the conformance kit
	KindSBOM    Kind = "sbom"   // CycloneDX, as JSON
)

// Manifest is what an author signs of one version of a plugin.
type Manifest struct {
	Format   string `json:"format"`
	Plugin   string `json:"plugin"`
	Version  string `json:"version"`
	Contract int    `json:"contract_version"`
	// Revision is the commit that the programs were built from, as the compiler
	// noted it; empty when it did not.
	Revision string `json:"revision,omitempty"`
	Parts    []Part `json:"parts"`
}

// Part is one file of a release.
type Part struct {
	Kind Kind `json:"kind"`
	// File is the name of the part in a folder, without any path.
	File string `json:"file"`
	// Platform is that of the program, or of the program that a report or a list
	// is about, such as "linux/amd64".
	Platform string `json:"platform"`
	SHA256   string `json:"sha256"`
	Size     int64  `json:"size"`
}

var (
	pluginName    = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)
	pluginVersion = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.+_-]{0,63}$`)
	platformName  = regexp.MustCompile(`^[a-z0-9]{1,32}/[a-z0-9_]{1,32}$`)
	partName      = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)
	hexSum        = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// Here is the platform of this program.
func Here() string { return runtime.GOOS + "/" + runtime.GOARCH }

// ParseManifest reads a manifest. It believes nothing: the text may come from
// anybody, and whatever a later step takes for a path, a size or a digest is
// checked here.
func ParseManifest(text []byte) (*Manifest, error) {
	if len(text) > maxManifest {
		return nil, fmt.Errorf("the manifest is larger than %d bytes", maxManifest)
	}
	if err := unambiguous(text); err != nil {
		return nil, fmt.Errorf("the manifest is not JSON that is read one way only: %w", err)
	}

	// An unknown key may be a condition that this version does not know.
	var manifest Manifest
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&manifest); err != nil {
		return nil, fmt.Errorf("the manifest is not one of format %s: %w", Format, err)
	}
	if err := manifest.check(); err != nil {
		return nil, fmt.Errorf("the manifest: %w", err)
	}

	return &manifest, nil
}

// unambiguous refuses text behind the value, and keys that stand twice, of which
// another reader might take the other one.
func unambiguous(text []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	if err := uniqueKeys(decoder, 0); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more behind its end")
	}
	return nil
}

// uniqueKeys reads one value.
func uniqueKeys(decoder *json.Decoder, depth int) error {
	token, err := decoder.Token()
	if err != nil {
		return err
	}
	opening, isDelim := token.(json.Delim)
	if !isDelim {
		return nil
	}
	if depth > 8 {
		return errors.New("it is nested too deeply")
	}

	// encoding/json takes keys of any case for a field.
	seen := map[string]bool{}
	for decoder.More() {
		if opening == '{' {
			key, err := decoder.Token()
			if err != nil {
				return err
			}
			name, _ := key.(string) // the decoder lets nothing else pass
			if name != strings.ToLower(name) || seen[name] {
				return fmt.Errorf("the key %q stands there twice, or not in lower case", name)
			}
			seen[name] = true
		}
		if err := uniqueKeys(decoder, depth+1); err != nil {
			return err
		}
	}

	_, err = decoder.Token() // the closing one
	return err
}

// check reports everything that is wrong at once.
func (m *Manifest) check() error {
	var problems []error
	add := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf(format, args...))
	}

	if m.Format != Format {
		add("format is %q; this payhost reads %q, so a newer one may be needed", m.Format, Format)
	}
	if !pluginName.MatchString(m.Plugin) {
		add("plugin: %q is not the name of a plugin", m.Plugin)
	}
	if !pluginVersion.MatchString(m.Version) {
		add("version: %q is not a version", m.Version)
	}
	if m.Contract < 1 {
		add("contract_version: %d is not a version of the contract", m.Contract)
	}
	if len(m.Parts) > maxParts {
		add("it has %d parts; %d are allowed", len(m.Parts), maxParts)
	} else {
		problems = append(problems, m.checkParts()...)
	}

	return errors.Join(problems...)
}

func (m *Manifest) checkParts() (problems []error) {
	files, programs := map[string]bool{}, map[string]bool{}
	for i, part := range m.Parts {
		if err := part.check(); err != nil {
			problems = append(problems, fmt.Errorf("parts[%d]: %w", i, err))
		}

		// On a file system that does not tell cases apart two names are one file.
		name := strings.ToLower(part.File)
		if files[name] || reserved(name) {
			problems = append(problems, fmt.Errorf("parts[%d]: the name %q is taken", i, part.File))
		}
		files[name] = true

		if part.Kind == KindProgram {
			if programs[part.Platform] {
				problems = append(problems,
					fmt.Errorf("parts[%d]: a second program for %s", i, part.Platform))
			}
			programs[part.Platform] = true
		}
	}

	if len(programs) == 0 {
		problems = append(problems, errors.New("it has no program"))
	}
	return problems
}

func (p Part) check() error {
	limit := int64(maxDocument)
	switch p.Kind {
	case KindProgram:
		limit = maxProgram
	case KindReport, KindSBOM:
	default:
		return fmt.Errorf("%q is not a kind of part", p.Kind)
	}

	switch {
	case !partName.MatchString(p.File):
		return fmt.Errorf("%q is not the name of a file", p.File)
	case !platformName.MatchString(p.Platform):
		return fmt.Errorf("%q is not a platform, such as \"linux/amd64\"", p.Platform)
	case !hexSum.MatchString(p.SHA256):
		return errors.New("sha256 must be 64 hexadecimal digits in lower case")
	case p.Size < 1 || p.Size > limit:
		return fmt.Errorf("a %s of %d bytes; 1 to %d are allowed", p.Kind, p.Size, limit)
	}
	return nil
}

// reserved reports whether a part may not have the name: the manifest and its
// signature stand beside the parts.
func reserved(name string) bool { return name == manifestFile || name == signatureFile }

// The names of what a folder holds beside the parts.
const (
	manifestFile  = "manifest.json"
	signatureFile = "manifest.json.minisig"
)

// encode returns the text that is signed.
func (m *Manifest) encode() ([]byte, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(m, "", "  ")
	return append(text, '\n'), err
}

// Name returns plugin@version, the name of the installed file.
func (m *Manifest) Name() string { return m.Plugin + "@" + m.Version }

// Program returns the program for a platform.
func (m *Manifest) Program(platform string) (Part, error) {
	for _, part := range m.Parts {
		if part.Kind == KindProgram && part.Platform == platform {
			return part, nil
		}
	}
	return Part{}, fmt.Errorf(
		"%s has no program for %s, only for %s; have its author publish one for this platform "+
			"under a new version", m.Name(), platform, strings.Join(m.Platforms(), ", "))
}

// Platforms returns those of the programs, sorted.
func (m *Manifest) Platforms() (platforms []string) {
	for _, part := range m.Parts {
		if part.Kind == KindProgram {
			platforms = append(platforms, part.Platform)
		}
	}
	slices.Sort(platforms)
	return platforms
}

// Sums returns the checksums of the programs by platform.
func (m *Manifest) Sums() map[string]string {
	sums := map[string]string{}
	for _, part := range m.Parts {
		if part.Kind == KindProgram {
			sums[part.Platform] = part.SHA256
		}
	}
	return sums
}

// documents returns the parts that are installed beside the program.
func (m *Manifest) documents() (documents []Part) {
	for _, part := range m.Parts {
		if part.Kind != KindProgram {
			documents = append(documents, part)
		}
	}
	return documents
}
