package release_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aead.dev/minisign"

	"github.com/payhost/payhost/host/internal/release"
)

// author is somebody who publishes, with a key.
type author struct {
	signer *release.Signer
	key    release.Key
}

func newAuthor(t *testing.T) author {
	t.Helper()
	_, secret, err := minisign.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := secret.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "key")
	write(t, path, string(text))
	signer, err := release.ReadSigner(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return author{signer, signer.Key()}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// version is what is published of one version: programs by platform, and whether
// the kit's report about the one for this machine travels with it.
type version struct {
	name      string
	platforms []string
	report    string // its state; "": no report
	signer    *release.Signer
}

func (v version) bundle(t *testing.T) *release.Bundle {
	t.Helper()
	folder := t.TempDir()
	contents := release.Contents{Plugin: "acme", Version: v.name, Contract: 1, Signer: v.signer}
	for k, platform := range v.platforms {
		path := filepath.Join(folder, fmt.Sprint("program", k))
		text := "#!/bin/sh\n# " + v.name + " for " + platform
		write(t, path, text)
		contents.Programs = append(contents.Programs, platform+"="+path)
		if v.report == "" || platform != release.Here() {
			continue
		}
		sum := sha256.Sum256([]byte(text))
		report := filepath.Join(folder, "report.json")
		write(t, report, fmt.Sprintf(`{"plugin":"acme","version":%q,"contract_version":1,"sha256":%q,
			"passed":1,"failed":0,"cases":[{"name":"a","state":%q}]}`,
			v.name, hex.EncodeToString(sum[:]), v.report))
		contents.Reports = append(contents.Reports, report)
	}
	bundle, err := contents.Bundle()
	if err != nil {
		t.Fatal(err)
	}
	return bundle
}

func (v version) publish(t *testing.T, to release.Place) {
	t.Helper()
	if err := to.Put(t.Context(), v.bundle(t)); err != nil {
		t.Fatal(err)
	}
}

func whole(signer *release.Signer) version {
	return version{"1.0.0", []string{release.Here(), "plan9/amd64"}, "passed", signer}
}

// places are a folder and a registry, each empty.
func places(t *testing.T, each func(t *testing.T, name string, place release.Place)) {
	t.Run("folder", func(t *testing.T) {
		name := filepath.Join(t.TempDir(), "releases")
		each(t, name, release.Folder(name))
	})
	t.Run("registry", func(t *testing.T) {
		server := httptest.NewServer(newRegistry())
		t.Cleanup(server.Close)
		name := release.Scheme + strings.TrimPrefix(server.URL, "http://") + "/plugins"
		place, err := release.ParsePlace(name)
		if err != nil {
			t.Fatal(err)
		}
		each(t, name, place)
	})
}

// What is published arrives as it was, once, and is not run.
func TestAReleaseIsInstalledAsItWasPublished(t *testing.T) {
	places(t, func(t *testing.T, _ string, place release.Place) {
		ctx, who := t.Context(), newAuthor(t)
		v := whole(who.signer)
		v.publish(t, place)
		version{"1.1.0-rc.1", v.platforms, "passed", who.signer}.publish(t, place)
		if err := place.Put(ctx, v.bundle(t)); err == nil ||
			!strings.Contains(err.Error(), "never changes") {
			t.Errorf("published twice: %v", err)
		}

		newest, err := release.Newest(ctx, place, "acme")
		if err != nil || newest != "1.0.0" {
			t.Fatalf("the newest is %q, %v", newest, err)
		}
		policy := release.Policy{Keys: []release.Key{who.key}, Signature: true, Conformance: true}
		found, err := policy.Open(ctx, place, "acme", newest)
		if err != nil {
			t.Fatal(err)
		}
		if found.Publisher.ID() != who.key.ID() || found.Tested != release.Here() {
			t.Errorf("found %+v", found)
		}
		if err := found.VerifyParts(ctx); err != nil {
			t.Error(err)
		}

		folder := t.TempDir()
		done, err := found.Install(ctx, folder)
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(folder, "acme@1.0.0"))
		if err != nil || !strings.Contains(string(text), "1.0.0 for "+release.Here()) {
			t.Errorf("installed %q, %v", text, err)
		}
		if info, err := os.Stat(done.Path); err != nil || info.Mode().Perm()&0o111 == 0 {
			t.Errorf("the program is %v, %v", info, err)
		}
		if again, err := found.Install(ctx, folder); err != nil || !again.Before {
			t.Errorf("installed again: %+v, %v", again, err)
		}

		// The papers vouch for the program at every start.
		if err := policy.Allow(folder, "acme", "1.0.0", done.Path, done.SHA256); err != nil {
			t.Error(err)
		}
		other := policy.Allow(folder, "acme", "1.0.0", done.Path, strings.Repeat("0", 64))
		if other == nil || !strings.Contains(other.Error(), "was not installed from a release") {
			t.Errorf("another program: %v", other)
		}
		policy.Keys = []release.Key{newAuthor(t).key}
		if err := policy.Allow(folder, "acme", "1.0.0", done.Path, done.SHA256); err == nil {
			t.Error("a key that is not trusted any more counts")
		}
	})
}

// Whatever is wrong with a release is refused with words that say what to do, and
// nothing is half installed.
func TestAWrongReleaseIsRefusedWhole(t *testing.T) {
	who, other := newAuthor(t), newAuthor(t)
	trusting := release.Policy{Keys: []release.Key{who.key}, Signature: true, Conformance: true}
	for name, c := range map[string]struct {
		version version
		spoil   func(t *testing.T, at string)
		want    string
	}{
		"a program was changed": {whole(who.signer), func(t *testing.T, at string) {
			change(t, filepath.Join(at, "acme-"+strings.ReplaceAll(release.Here(), "/", "-")), "1.0.0", "1.0.1")
		}, "do not use it"},
		"a program is longer": {whole(who.signer), func(t *testing.T, at string) {
			change(t, filepath.Join(at, "acme-"+strings.ReplaceAll(release.Here(), "/", "-")), "1.0.0", "1.0.0 and more")
		}, "do not use it"},
		"the manifest was changed": {whole(who.signer), func(t *testing.T, at string) {
			change(t, filepath.Join(at, "manifest.json"), `"contract_version": 1`, `"contract_version": 2`)
		}, "changed after it was signed"},
		"a report was changed": {whole(who.signer), func(t *testing.T, at string) {
			change(t, filepath.Join(at, "report-"+strings.ReplaceAll(release.Here(), "/", "-")+".json"), `"failed":0`, `"failed":1`)
		}, "changed after it was published"},
		"another has signed it": {whole(other.signer), nil, "not in plugins.trusted_keys"},
		"nobody has signed it":  {whole(nil), nil, "have its author publish it with --key"},
		"the signature is gone": {whole(who.signer), func(t *testing.T, at string) {
			remove(t, filepath.Join(at, "manifest.json.minisig"))
		}, "not signed"},
		"the signature is no signature": {whole(who.signer), func(t *testing.T, at string) {
			write(t, filepath.Join(at, "manifest.json.minisig"), "nonsense")
		}, "cannot be read"},
		"there is no report": {
			version{"1.0.0", []string{release.Here()}, "", who.signer}, nil, "--report",
		},
		"the platform is missing": {
			version{"1.0.0", []string{"plan9/amd64"}, "", who.signer}, nil, "",
		},
		"a program is missing": {whole(who.signer), func(t *testing.T, at string) {
			remove(t, filepath.Join(at, "acme-"+strings.ReplaceAll(release.Here(), "/", "-")))
		}, "not whole"},
		"an older version stands under a newer name": {whole(who.signer), func(t *testing.T, at string) {
			if err := os.Rename(at, filepath.Join(filepath.Dir(at), "2.0.0")); err != nil {
				t.Fatal(err)
			}
		}, "another release"},
		"it is another plugin's": {whole(who.signer), func(t *testing.T, at string) {
			change(t, filepath.Join(at, "manifest.json"), `"acme"`, `"evil"`)
		}, "changed after"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, home, folder := t.Context(), t.TempDir(), t.TempDir()
			place := release.Folder(home)
			c.version.publish(t, place)
			if c.spoil != nil {
				c.spoil(t, filepath.Join(home, "acme", "1.0.0"))
			}

			newest, err := release.Newest(ctx, place, "acme")
			if err != nil {
				t.Fatal(err)
			}
			policy := trusting
			if name == "the platform is missing" {
				policy.Conformance = false
			}
			found, err := policy.Open(ctx, place, "acme", newest)
			if err == nil {
				_, err = found.Install(ctx, folder)
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
			if left := files(t, folder); len(left) > 0 {
				t.Errorf("half installed: %v", left)
			}
		})
	}
}

func change(t *testing.T, path, from, to string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(text), from, to, 1)
	if changed == string(text) {
		t.Fatalf("%s does not have %q", path, from)
	}
	write(t, path, changed)
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

// files returns the files below a folder.
func files(t *testing.T, folder string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// A registry that is away, silent about a plugin, or says no, is told apart.
func TestWhatARegistryDoesIsSaid(t *testing.T) {
	away := httptest.NewServer(http.NotFoundHandler())
	address := strings.TrimPrefix(away.URL, "http://")
	away.Close()
	closed := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
	}))
	t.Cleanup(closed.Close)
	empty := httptest.NewServer(newRegistry())
	t.Cleanup(empty.Close)

	for name, want := range map[string]string{
		address: "cannot be reached",
		strings.TrimPrefix(closed.URL, "http://"): "docker login",
		strings.TrimPrefix(empty.URL, "http://"):  "has no plugin acme",
	} {
		place, err := release.ParsePlace(release.Scheme + name + "/plugins")
		if err != nil {
			t.Fatal(err)
		}
		_, err = release.Policy{}.Open(t.Context(), place, "acme", "1.0.0")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}

	for _, name := range []string{"oci://", "oci://registry.example/UPPER", "https://registry.example", "oci://h/p:tag"} {
		if _, err := release.ParsePlace(name); err == nil {
			t.Errorf("%s is a place", name)
		}
	}
}

// A registry that serves other bytes than those of a digest is not believed.
func TestARegistryThatChangesBytesIsNotBelieved(t *testing.T) {
	for _, kind := range []string{"manifest", "program"} {
		store, who := newRegistry(), newAuthor(t)
		server := httptest.NewServer(store)
		t.Cleanup(server.Close)
		place, err := release.ParsePlace(
			release.Scheme + strings.TrimPrefix(server.URL, "http://") + "/plugins")
		if err != nil {
			t.Fatal(err)
		}
		whole(who.signer).publish(t, place)
		store.spoil(func(text string) bool {
			if kind == "manifest" {
				return strings.Contains(text, release.Format)
			}
			return strings.Contains(text, "#!/bin/sh") && strings.Contains(text, release.Here())
		})

		folder := t.TempDir()
		policy := release.Policy{Keys: []release.Key{who.key}}
		found, err := policy.Open(t.Context(), place, "acme", "1.0.0")
		if err == nil {
			_, err = found.Install(t.Context(), folder)
		}
		if err == nil || len(files(t, folder)) > 0 {
			t.Errorf("%s: %v, left %v", kind, err, files(t, folder))
		}
	}
}

// An installation that is stopped leaves nothing that a host would run.
func TestAnInstallationThatIsStoppedLeavesNothing(t *testing.T) {
	home, folder, who := t.TempDir(), t.TempDir(), newAuthor(t)
	place := release.Folder(home)
	whole(who.signer).publish(t, place)
	found, err := release.Policy{}.Open(t.Context(), stopping{place}, "acme", "1.0.0")
	if err == nil {
		_, err = found.Install(t.Context(), folder)
	}
	if !errors.Is(err, errStopped) || len(files(t, folder)) > 0 {
		t.Errorf("%v, left %v", err, files(t, folder))
	}
}

var errStopped = errors.New("stopped")

// stopping is a place whose programs break off.
type stopping struct{ release.Place }

func (s stopping) Part(
	ctx context.Context, plugin, version string, part release.Part,
) (io.ReadCloser, error) {
	if part.Kind == release.KindProgram {
		return breaking{}, nil
	}
	return s.Place.Part(ctx, plugin, version, part)
}

type breaking struct{}

func (breaking) Read([]byte) (int, error) { return 0, errStopped }
func (breaking) Close() error             { return nil }

// FuzzParseManifest reads manifests of strangers.
func FuzzParseManifest(f *testing.F) {
	f.Add([]byte(`{"format":"payhost.plugin/1","plugin":"acme","version":"1.0.0","contract_version":1,"parts":[]}`))
	f.Add([]byte(`{"format":"payhost.plugin/1","plugin":"acme","version":"1.0.0","contract_version":1,"parts":[
		{"kind":"program","file":"a","platform":"linux/amd64","sha256":"` + strings.Repeat("0", 64) + `","size":1}]}`))
	f.Add([]byte(`{"format":"x","Format":"y"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		manifest, err := release.ParseManifest(text)
		if err != nil {
			return
		}
		for _, part := range manifest.Parts {
			if strings.ContainsAny(part.File, `/\`) || strings.HasPrefix(part.File, ".") || part.Size < 1 {
				t.Errorf("a part is %+v", part)
			}
		}
		if strings.ContainsAny(manifest.Name(), `/\`) || len(manifest.Platforms()) == 0 {
			t.Errorf("the manifest is %+v", manifest)
		}
	})
}
