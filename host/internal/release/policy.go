package release

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

// Policy is what an operator asks of releases.
type Policy struct {
	// Keys are the publishers whose releases may be installed. Without any, a
	// release need not be signed, and a signature says nothing.
	Keys []Key
	// Signature asks for a signature by one of Keys, and Conformance for a
	// report of the kit that has passed, of every program that is started.
	Signature, Conformance bool
}

// Release is one version of a plugin as it was found and judged.
type Release struct {
	Manifest *Manifest
	// Publisher is the trusted key that has signed it; nil without one.
	Publisher *Key
	// Signed reports whether there is a signature at all.
	Signed bool
	// Tested is the platform of whose program the kit's report has passed: the
	// host's own, if there is one about that. Empty: there is no such report.
	Tested string
	// NotTested says why Tested is empty.
	NotTested string

	text, signature []byte
	from            Place
}

// SignedManifest is a manifest as it was published, before anything of it is
// believed.
type SignedManifest struct{ Text, Signature []byte }

// Place is where releases are published to and installed from.
type Place interface {
	// Versions returns the versions of a plugin that the place has, in any order.
	Versions(ctx context.Context, plugin string) ([]string, error)
	// Manifest returns what the place has under a version, unverified and within
	// the bounds of a manifest's size. The signature is empty when there is none.
	Manifest(ctx context.Context, plugin, version string) (SignedManifest, error)
	// Part opens a part. Its content is unverified, and may have any length.
	Part(ctx context.Context, plugin, version string, part Part) (io.ReadCloser, error)
	// Put publishes a release, whole or not at all. It refuses a version that the
	// place has.
	Put(ctx context.Context, bundle *Bundle) error
	// String returns the place as the operator writes it.
	String() string
}

// Open reads a release of a place and judges it: its signature, whether it is
// the version that was asked for, and its reports. It does not read programs.
func (p Policy) Open(ctx context.Context, from Place, plugin, version string) (*Release, error) {
	found, err := from.Manifest(ctx, plugin, version)
	if err != nil {
		return nil, err
	}
	opened, err := p.judge(found, plugin, version)
	if err != nil {
		return nil, fmt.Errorf("%s@%s of %s: %w", plugin, version, from, err)
	}

	opened.from = from
	if err := p.readReports(ctx, opened); err != nil {
		return nil, fmt.Errorf("%s@%s of %s: %w", plugin, version, from, err)
	}
	return opened, nil
}

// judge believes a manifest, or says why not. Nothing in it is read before its
// signature, where one is asked for.
func (p Policy) judge(found SignedManifest, plugin, version string) (*Release, error) {
	out := &Release{
		Signed: len(found.Signature) > 0, text: found.Text, signature: found.Signature,
	}
	if len(p.Keys) > 0 || p.Signature {
		key, err := signedBy(found.Text, found.Signature, p.Keys)
		if err != nil {
			return nil, err
		}
		out.Publisher = &key
	}

	manifest, err := ParseManifest(found.Text)
	if err != nil {
		return nil, err
	}

	// A good signature on another version is how an old, faulty one would be sold
	// as a new one.
	if manifest.Plugin != plugin || manifest.Version != version {
		return nil, fmt.Errorf("what is published under that name is %s: somebody has put "+
			"another release there; do not use it, and ask its author", manifest.Name())
	}

	out.Manifest = manifest
	return out, nil
}

// readReports finds the report that has passed.
func (p Policy) readReports(ctx context.Context, of *Release) error {
	of.NotTested = "it has no report of the conformance kit"
	var reports []Part
	for _, part := range of.Manifest.documents() {
		if part.Kind == KindReport && part.Platform == Here() {
			reports = append([]Part{part}, reports...)
		} else if part.Kind == KindReport {
			reports = append(reports, part)
		}
	}

	for _, part := range reports {
		text, err := of.document(ctx, part)
		if err != nil {
			return err
		}

		report, err := ParseReport(text)
		if err == nil {
			err = errors.Join(report.about(of.Manifest, part.Platform), report.ok())
		}
		if err == nil {
			of.Tested, of.NotTested = part.Platform, ""
			break
		}
		of.NotTested = fmt.Sprintf("its report %s does not count: %v", part.File, err)
	}

	if p.Conformance && of.Tested == "" {
		return fmt.Errorf("%s, and plugins.require asks for one that has passed; have its author "+
			"publish a version with --report", of.NotTested)
	}
	return nil
}

// document returns a part that is no program.
func (r *Release) document(ctx context.Context, part Part) ([]byte, error) {
	var text limited
	if err := r.copyPart(ctx, part, &text); err != nil {
		return nil, err
	}
	return text.bytes, nil
}

// limited gathers what copyPart has bounded.
type limited struct{ bytes []byte }

func (l *limited) Write(text []byte) (int, error) {
	l.bytes = append(l.bytes, text...)
	return len(text), nil
}

// copyPart writes a part, and fails unless it is exactly what the manifest says.
// The caller then throws away the bytes that were written.
func (r *Release) copyPart(ctx context.Context, part Part, to io.Writer) error {
	name := r.Manifest
	content, err := r.from.Part(ctx, name.Plugin, name.Version, part)
	if err != nil {
		return err
	}
	defer func() { _ = content.Close() }() // it was only read

	// One byte more than the manifest allows shows a larger part.
	hash := sha256.New()
	size, err := io.Copy(io.MultiWriter(to, hash), io.LimitReader(content, part.Size+1))
	switch {
	case err != nil:
		return fmt.Errorf("%s of %s could not be read to its end: %w; try again", part.File, r.from, err)
	case size != part.Size || hex.EncodeToString(hash.Sum(nil)) != part.SHA256:
		return fmt.Errorf("%s is not the file that its manifest names (sha256 %s): it has been "+
			"changed after it was published; do not use it, and ask its author", part.File, part.SHA256)
	}
	return nil
}

// VerifyParts reads every part, programs too, and fails at the first that is not
// what the manifest says.
func (r *Release) VerifyParts(ctx context.Context) error {
	for _, part := range r.Manifest.Parts {
		if err := r.copyPart(ctx, part, io.Discard); err != nil {
			return fmt.Errorf("%s of %s: %w", r.Manifest.Name(), r.from, err)
		}
	}
	return nil
}

// NewPolicy returns the policy of [plugins] in a configuration: its trusted_keys,
// and what it has in require.
func NewPolicy(trustedKeys, require []string) (Policy, error) {
	var policy Policy
	var problems []error
	for _, text := range trustedKeys {
		key, err := ParseKey(text)
		if err != nil {
			problems = append(problems, fmt.Errorf("%q %w", text, err))
			continue
		}
		policy.Keys = append(policy.Keys, key)
	}

	for _, what := range require {
		switch what {
		case "signature":
			policy.Signature = true
		case "conformance":
			policy.Conformance = true
		default:
			problems = append(problems, fmt.Errorf("%q is not what can be required", what))
		}
	}
	return policy, errors.Join(problems...)
}
