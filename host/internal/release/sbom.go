package release

import (
	"encoding/json"
	"runtime/debug"
	"slices"
	"strings"
)

// The parts of CycloneDX 1.5 that tell what a Go program is built of.
type (
	bom struct {
		Format     string      `json:"bomFormat"`
		Spec       string      `json:"specVersion"`
		Version    int         `json:"version"`
		Metadata   bomMetadata `json:"metadata"`
		Components []component `json:"components"`
	}
	bomMetadata struct {
		Component component `json:"component"`
	}
	component struct {
		Type       string     `json:"type"`
		Name       string     `json:"name"`
		Version    string     `json:"version,omitempty"`
		PURL       string     `json:"purl,omitempty"`
		Hashes     []bomHash  `json:"hashes,omitempty"`
		Properties []property `json:"properties,omitempty"`
	}
	bomHash struct {
		Algorithm string `json:"alg"`
		Content   string `json:"content"`
	}
	property struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
)

// components returns what a program is built of, as CycloneDX. It is made of
// what the compiler has written into the program, so that it is true of this
// program and equal for equal programs.
func components(plugin, version string, found *program) ([]byte, error) {
	list := bom{Format: "CycloneDX", Spec: "1.5", Version: 1}
	list.Metadata.Component = component{
		Type:    "application",
		Name:    plugin,
		Version: version,
		Hashes:  []bomHash{{"SHA-256", found.sum}},
		Properties: []property{
			{"payhost:platform", found.platform},
			{"go:version", found.build.GoVersion},
			{"go:main", found.build.Path},
		},
	}
	for _, key := range []string{"vcs.revision", "vcs.time", "vcs.modified", "CGO_ENABLED"} {
		if value := setting(found.build, key); value != "" {
			list.Metadata.Component.Properties = append(
				list.Metadata.Component.Properties, property{"go:" + key, value})
		}
	}

	// The standard library is part of every program, and has faults of its own.
	goVersion, _, _ := strings.Cut(strings.TrimPrefix(found.build.GoVersion, "go"), " ")
	list.Components = []component{{
		Type: "library", Name: "std", Version: goVersion, PURL: "pkg:golang/std@" + goVersion,
	}}
	for _, module := range append([]*debug.Module{&found.build.Main}, found.build.Deps...) {
		if module.Replace != nil {
			module = module.Replace
		}
		if module.Path != "" {
			list.Components = append(list.Components, library(module))
		}
	}
	slices.SortFunc(list.Components, func(a, b component) int {
		return strings.Compare(a.Name, b.Name)
	})

	text, err := json.MarshalIndent(list, "", "  ")
	return append(text, '\n'), err
}

func library(module *debug.Module) component {
	out := component{Type: "library", Name: module.Path, Version: module.Version}

	// A replacement by a folder has no version, and no place where it comes from.
	if module.Version != "" && module.Version != "(devel)" {
		out.PURL = "pkg:golang/" + module.Path + "@" + module.Version
	}
	if module.Sum != "" {
		out.Properties = []property{{"go:sum", module.Sum}}
	}
	return out
}
