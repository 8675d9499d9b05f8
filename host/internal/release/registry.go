package release

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/credentials"
	"oras.land/oras-go/v2/registry/remote/errcode"
)

// The types under which a registry keeps a release.
const (
	artifactType  = "application/vnd.payhost.plugin.v1"
	manifestType  = "application/vnd.payhost.plugin.manifest.v1+json"
	signatureType = "application/vnd.payhost.plugin.signature.v1"
	partType      = "application/octet-stream"
)

// maxImage bounds the registry's own manifest, which lists the parts.
const maxImage = 1 << 20

// The variables with the credentials of a registry. Without them those of the
// Docker configuration count.
const (
	userVariable     = "PAYHOST_REGISTRY_USER"
	passwordVariable = "PAYHOST_REGISTRY_PASSWORD"
)

// ociRegistry is a Place in an OCI registry: the repository BASE/PLUGIN, with a
// tag for each version.
type ociRegistry struct {
	base   string
	plain  bool
	client *auth.Client
}

// Scheme begins the name of a place in a registry.
const Scheme = "oci://"

// ParsePlace returns the place that an operator names: "oci://HOST/PATH", or a
// folder.
func ParsePlace(name string) (Place, error) {
	base, isRegistry := strings.CutPrefix(name, Scheme)
	if !isRegistry {
		if strings.Contains(name, "://") {
			return nil, fmt.Errorf("%q is neither a folder nor a registry, such as "+
				"oci://registry.example/payhost", name)
		}
		return Folder(name), nil
	}

	reference, err := registry.ParseReference(strings.TrimSuffix(base, "/") + "/plugin")
	if err != nil || reference.Reference != "" {
		return nil, fmt.Errorf("%q is not a place in a registry, such as "+
			"oci://registry.example/payhost", name)
	}
	credential, err := registryCredential(reference.Host())
	if err != nil {
		return nil, err
	}

	// A registry that accepts a connection and is then silent is away.
	transport := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		ForceAttemptHTTP2:     true,
		MaxIdleConns:          10,
		IdleConnTimeout:       time.Minute,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: 30 * time.Second,
	}
	return &ociRegistry{
		base:  strings.TrimSuffix(base, "/"),
		plain: isLoopback(reference.Host()),
		client: &auth.Client{
			Client:     &http.Client{Transport: transport},
			Cache:      auth.NewCache(),
			Credential: credential,
		},
	}, nil
}

// isLoopback reports whether a registry is on this machine, where nobody else
// reads what is said. Every other is spoken to over TLS.
func isLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	address, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return host == "localhost" || ((err == nil) && address.IsLoopback())
}

// registryCredential returns where the credentials of a registry come from.
func registryCredential(host string) (auth.CredentialFunc, error) {
	if user := os.Getenv(userVariable); user != "" {
		return auth.StaticCredential(host, auth.Credential{
			Username: user, Password: os.Getenv(passwordVariable),
		}), nil
	}

	store, err := credentials.NewStoreFromDocker(credentials.StoreOptions{})
	if err != nil {
		return nil, fmt.Errorf("the credentials of registries cannot be read from the Docker "+
			"configuration: %w; correct it, or set %s and %s", err, userVariable, passwordVariable)
	}
	return credentials.Credential(store), nil
}

func (o *ociRegistry) String() string { return Scheme + o.base }

func (o *ociRegistry) repository(plugin string) (*remote.Repository, error) {
	repository, err := remote.NewRepository(o.base + "/" + plugin)
	if err != nil {
		return nil, err
	}
	repository.PlainHTTP, repository.Client = o.plain, o.client
	return repository, nil
}

// tag returns the tag of a version: tags have no "+", and versions of semver no
// "_".
func tag(version string) (string, error) {
	if strings.Contains(version, "_") {
		return "", fmt.Errorf("the version %s has a \"_\", which stands for \"+\" in the tags of "+
			"registries; use a folder, or another version", version)
	}
	return strings.ReplaceAll(version, "+", "_"), nil
}

// failed says what an operator can do about a registry's failure.
func (o *ociRegistry) failed(err error) error {
	var answered *errcode.ErrorResponse
	switch {
	case errors.As(err, &answered) && (answered.StatusCode == http.StatusUnauthorized ||
		answered.StatusCode == http.StatusForbidden):
		return fmt.Errorf("%s refuses the credentials: %w; log in with docker login, or set %s and "+
			"%s", o, err, userVariable, passwordVariable)
	case errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &answered):
		return fmt.Errorf("%s refused: %w", o, err)
	}
	return fmt.Errorf("%s cannot be reached: %w; nothing was changed: see to the registry and the "+
		"network, then try again", o, err)
}

func (o *ociRegistry) Versions(ctx context.Context, plugin string) ([]string, error) {
	repository, err := o.repository(plugin)
	if err != nil {
		return nil, err
	}

	var versions []string
	err = repository.Tags(ctx, "", func(tags []string) error {
		for _, one := range tags {
			if version := strings.ReplaceAll(one, "_", "+"); pluginVersion.MatchString(version) {
				versions = append(versions, version)
			}
		}
		if len(versions) > 10_000 {
			return errors.New("the list of tags does not end")
		}
		return nil
	})
	if isNotFound(err) {
		return nil, fmt.Errorf("%s has no plugin %s", o, plugin)
	}
	if err != nil {
		return nil, o.failed(err)
	}
	return versions, nil
}

func isNotFound(err error) bool {
	var answered *errcode.ErrorResponse
	return errors.Is(err, errdef.ErrNotFound) ||
		(errors.As(err, &answered) && answered.StatusCode == http.StatusNotFound)
}

func (o *ociRegistry) Manifest(
	ctx context.Context, plugin, version string,
) (found SignedManifest, err error) {
	if err := checkName(plugin, version); err != nil {
		return found, err
	}
	repository, err := o.repository(plugin)
	if err != nil {
		return found, err
	}
	image, err := o.image(ctx, repository, plugin, version)
	if err != nil {
		return found, err
	}

	if image.Config.MediaType != manifestType {
		return found, fmt.Errorf("%s/%s:%s is not a plugin of payhost but %q",
			o, plugin, version, image.Config.MediaType)
	}
	if found.Text, err = o.blob(ctx, repository, image.Config, maxManifest); err != nil {
		return found, err
	}
	for _, layer := range image.Layers {
		if layer.MediaType == signatureType {
			found.Signature, err = o.blob(ctx, repository, layer, maxSignature)
			break
		}
	}

	return found, err
}

// image returns the registry's own manifest of a version.
func (o *ociRegistry) image(
	ctx context.Context, repository *remote.Repository, plugin, version string,
) (image ocispec.Manifest, err error) {
	name, err := tag(version)
	if err != nil {
		return image, err
	}
	descriptor, err := repository.Resolve(ctx, name)
	if isNotFound(err) {
		versions, err := o.Versions(ctx, plugin)
		if err != nil {
			return image, err
		}
		return image, notThere(o, plugin, version, versions)
	}
	if err != nil {
		return image, o.failed(err)
	}

	text, err := o.blob(ctx, repository, descriptor, maxImage)
	if err != nil {
		return image, err
	}
	if err := json.Unmarshal(text, &image); err != nil {
		return image, fmt.Errorf("%s/%s:%s is not an image: %w", o, plugin, version, err)
	}
	return image, nil
}

// blob returns a small content, whose digest it has checked.
func (o *ociRegistry) blob(
	ctx context.Context, repository *remote.Repository, of ocispec.Descriptor, limit int64,
) ([]byte, error) {
	if of.Size < 0 || of.Size > limit {
		return nil, fmt.Errorf("%s: a %s of %d bytes; %d are allowed", o, of.MediaType, of.Size, limit)
	}
	text, err := content.FetchAll(ctx, repository, of)
	if errors.Is(err, content.ErrMismatchedDigest) {
		return nil, fmt.Errorf("%s has a %s that is not what its digest says: do not use it: %w",
			o, of.MediaType, err)
	}
	if err != nil {
		return nil, o.failed(err)
	}
	return text, nil
}

func (o *ociRegistry) Part(
	ctx context.Context, plugin, _ string, part Part,
) (io.ReadCloser, error) {
	repository, err := o.repository(plugin)
	if err != nil {
		return nil, err
	}
	opened, err := repository.Blobs().Fetch(ctx, part.descriptor())
	if isNotFound(err) {
		return nil, fmt.Errorf("%s is missing in %s/%s: the release is not whole; ask its author",
			part.File, o, plugin)
	}
	if err != nil {
		return nil, o.failed(err)
	}
	return opened, nil
}

func (p Part) descriptor() ocispec.Descriptor {
	return ocispec.Descriptor{
		MediaType:   partType,
		Digest:      digest.NewDigestFromEncoded(digest.SHA256, p.SHA256),
		Size:        p.Size,
		Annotations: map[string]string{ocispec.AnnotationTitle: p.File},
	}
}

func (o *ociRegistry) Put(ctx context.Context, bundle *Bundle) error {
	name, err := tag(bundle.Manifest.Version)
	if err != nil {
		return err
	}
	repository, err := o.repository(bundle.Manifest.Plugin)
	if err != nil {
		return err
	}
	switch _, err := repository.Resolve(ctx, name); {
	case err == nil:
		return taken(o, bundle.Manifest)
	case !isNotFound(err):
		return o.failed(err)
	}

	// The tag comes last: without it nobody finds what lies there.
	layers, err := o.pushParts(ctx, repository, bundle)
	if err != nil {
		return err
	}
	config, err := o.pushText(ctx, repository, manifestType, bundle.Signed.Text)
	if err != nil {
		return err
	}
	image, err := oras.PackManifest(ctx, repository, oras.PackManifestVersion1_1, artifactType,
		oras.PackManifestOptions{
			Layers:           layers,
			ConfigDescriptor: &config,
			// A fixed time: the same release is the same image.
			ManifestAnnotations: map[string]string{ocispec.AnnotationCreated: "1970-01-01T00:00:00Z"},
		})
	if err != nil {
		return o.failed(err)
	}
	if err := repository.Tag(ctx, image, name); err != nil {
		return o.failed(err)
	}
	return nil
}

func (o *ociRegistry) pushParts(
	ctx context.Context, repository *remote.Repository, bundle *Bundle,
) (layers []ocispec.Descriptor, err error) {
	for _, part := range bundle.Manifest.Parts {
		layer := part.descriptor()
		if err := o.pushPart(ctx, repository, layer, bundle.content[part.File]); err != nil {
			return nil, err
		}
		layers = append(layers, layer)
	}

	if len(bundle.Signed.Signature) == 0 {
		return layers, nil
	}
	signature, err := o.pushText(ctx, repository, signatureType, bundle.Signed.Signature)
	return append(layers, signature), err
}

// pushPart pushes a part unless the registry has it. The registry and the client
// check the digest.
func (o *ociRegistry) pushPart(
	ctx context.Context, repository *remote.Repository, layer ocispec.Descriptor, from source,
) error {
	there, err := repository.Blobs().Exists(ctx, layer)
	if err != nil {
		return o.failed(err)
	}
	if there {
		return nil
	}

	opened, err := from.open()
	if err != nil {
		return err
	}
	defer func() { _ = opened.Close() }() // it was only read
	if err := repository.Blobs().Push(ctx, layer, opened); err != nil {
		return o.failed(err)
	}
	return nil
}

func (o *ociRegistry) pushText(
	ctx context.Context, repository *remote.Repository, mediaType string, text []byte,
) (ocispec.Descriptor, error) {
	descriptor := content.NewDescriptorFromBytes(mediaType, text)
	there, err := repository.Blobs().Exists(ctx, descriptor)
	if err == nil && !there {
		err = repository.Blobs().Push(ctx, descriptor, bytes.NewReader(text))
	}
	if err != nil {
		return descriptor, o.failed(err)
	}
	return descriptor, nil
}
