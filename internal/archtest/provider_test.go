package archtest

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"testing"
)

// providerFiles are the files of every provider, in the order in which one reads them.
var providerFiles = []string{"main.go", "config.go", "provider.go", "client.go", "types.go", "signature.go", "webhook.go"}

const providerLines = 500

// longProviders are the providers that may have more, each with its reason.
var longProviders = map[string]int{
	// Twelve calls: two that create a payment, two that confirm it, signed payouts, two ways to ask about each, methods,
	// balances and two operations of its own.
	"paykassma": 650,
}

// providerFolders holds every provider to the same files, and to a size at which one sees it whole.
func providerFolders(sources []source) []offence {
	var found []offence
	all := providers(sources)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		folder := "plugins/" + name
		lines, have := 0, []string{}
		for _, s := range all[name] {
			if _, part := provider(s.dir); s.test || in(part, "simulator") {
				continue
			}
			lines += s.lines()
			if s.dir == folder {
				have = append(have, path.Base(s.path))
			}
		}
		found = append(found, wrongFiles(folder, have)...)
		found = append(found, tooLong(name, lines)...)
	}
	return found
}

func wrongFiles(folder string, have []string) []offence {
	const why = "all providers have the same files, so that whoever has read one finds everything in the next"
	var found []offence
	for _, want := range providerFiles {
		if !slices.Contains(have, want) {
			found = append(found, offence{folder, "has no " + want, why})
		}
	}
	for _, extra := range have {
		if !slices.Contains(providerFiles, extra) {
			found = append(found, offence{folder + "/" + extra, "is not one of a provider's files", why})
		}
	}
	return found
}

func tooLong(name string, lines int) []offence {
	limit := providerLines
	if more, listed := longProviders[name]; listed {
		limit = more
	}
	if lines <= limit {
		return nil
	}
	return []offence{{
		"plugins/" + name,
		fmt.Sprintf("has %d lines without tests and simulator; at most %d", lines, limit),
		"a provider holds its provider's own protocol; what makes it long belongs into the sdk",
	}}
}

func TestProviderFolders(t *testing.T) { check(t, providerFolders) }

func TestProviderFoldersBite(t *testing.T) {
	long := "package p\n"
	for range 600 {
		long += "\n"
	}
	whole := map[string]string{
		"plugins/acme/simulator/api.go":     "package simulator\n" + long[len("package p\n"):],
		"plugins/acme/conformance_test.go":  long,
		"plugins/sandbox/main.go":           "package p\n",
		"plugins/reference/everything.go":   long,
		"plugins/acme/testdata/fixtures.go": "not Go",
	}
	for _, name := range providerFiles {
		whole["plugins/acme/"+name] = "package p\n"
	}
	for _, c := range []struct {
		name, path, text string
		want             []string
	}{
		{name: "as it should be"},
		{name: "a file too many", path: "plugins/acme/helper.go", text: "package p\n", want: []string{"is not one of a provider's files"}},
		{name: "a file missing", path: "plugins/acme/webhook.go", want: []string{"has no webhook.go"}},
		{name: "too long", path: "plugins/acme/client.go", text: long, want: []string{"has 607 lines without tests and simulator; at most 500"}},
		{name: "a folder counts too", path: "plugins/acme/wire/wire.go", text: long, want: []string{"has 608 lines without tests and simulator; at most 500"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := maps.Clone(whole)
			if c.text != "" {
				files[c.path] = c.text
			} else {
				delete(files, c.path)
			}
			var got []string
			for _, o := range providerFolders(tree(t, files)) {
				got = append(got, o.what)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
