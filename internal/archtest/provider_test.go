package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
)

// providerFiles are the files of every provider, in the order in which one
// reads them.
var providerFiles = []string{
	"main.go",
	"config.go",
	"provider.go",
	"client.go",
	"types.go",
	"signature.go",
	"webhook.go",
}

// providerTokens bounds what a provider says: the tokens of its code, so that
// lines, blank or not, and comments cost nothing.
const providerTokens = 3500

// longProviders are the providers that may have more, each with its reason.
var longProviders = map[string]int{
	// Every verb of the contract: it is the plugin to copy.
	"reference": 5000,
	// Twelve calls: two that create a payment, two that confirm it, signed
	// payouts, two ways to ask about each, methods, balances and two operations
	// of its own.
	"paykassma": 5000,
}

// providerFolders holds every provider to the same files, and to a size at
// which one sees it whole.
func providerFolders(sources []source) []offence {
	var found []offence
	all := plugins(sources)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		folder := "plugins/" + name
		size, have := 0, []string{}

		for _, s := range all[name] {
			if _, part := provider(s.dir); s.test || in(part, "simulator") {
				continue
			}
			size += tokens(s.text)
			if s.dir == folder {
				have = append(have, path.Base(s.path))
			}
		}

		found = append(found, wrongFiles(folder, have)...)
		found = append(found, tooLong(name, size)...)
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
			found = append(
				found,
				offence{folder + "/" + extra, "is not one of a provider's files", why},
			)
		}
	}

	return found
}

func tooLong(name string, size int) []offence {
	limit := providerTokens
	if more, listed := longProviders[name]; listed {
		limit = more
	}
	if size <= limit {
		return nil
	}

	return []offence{{
		"plugins/" + name,
		fmt.Sprintf("has %d tokens without tests and simulator; at most %d", size, limit),
		"a provider holds its provider's own protocol; what makes it long belongs into the sdk",
	}}
}

// tokens counts those of the declarations in a file, without imports and
// without the interface guards that every provider has.
func tokens(text string) (size int) {
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, "", text, parser.SkipObjectResolution)
	if err != nil {
		return 0 // it does not compile either
	}

	for _, decl := range parsed.Decls {
		if !isGuard(decl) {
			size += tokensIn(
				text[files.Position(decl.Pos()).Offset:files.Position(decl.End()).Offset],
			)
		}
	}

	return size
}

// isGuard reports whether a declaration is an import, or nothing but variables
// called _.
func isGuard(decl ast.Decl) bool {
	general, ok := decl.(*ast.GenDecl)
	if !ok || ((general.Tok != token.VAR) && (general.Tok != token.IMPORT)) {
		return false
	}

	for _, spec := range general.Specs {
		if value, ok := spec.(*ast.ValueSpec); ok &&
			((len(value.Names) != 1) || (value.Names[0].Name != "_")) {
			return false
		}
	}

	return true
}

// tokensIn leaves out the ends of lines.
func tokensIn(text string) (size int) {
	files := token.NewFileSet()
	var words scanner.Scanner
	words.Init(files.AddFile("", -1, len(text)), []byte(text), nil, 0)

	for {
		_, kind, literal := words.Scan()
		if kind == token.EOF {
			return size
		}
		if kind != token.SEMICOLON || literal == ";" {
			size++
		}
	}
}

func TestProviderFolders(t *testing.T) { check(t, providerFolders) }

func TestProviderFoldersBite(t *testing.T) {
	long := "package p\n" + strings.Repeat("var a = b\n", 900)
	guarded := "package p\n\nimport \"a\"\n// " + strings.Repeat(
		"a comment ",
		9000,
	) + "\n\nvar (\n" +
		strings.Repeat(
			"\n_ a = (*b)(nil)\n",
			900,
		) + ")\n"

	whole := map[string]string{
		"plugins/acme/simulator/api.go":     long,
		"plugins/acme/conformance_test.go":  long,
		"plugins/sandbox/main.go":           "package p\n",
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
		{name: "too long", path: "plugins/acme/client.go", text: long, want: []string{"has 3600 tokens without tests and simulator; at most 3500"}},
		{name: "a folder counts too", path: "plugins/acme/wire/wire.go", text: long, want: []string{"has 3600 tokens without tests and simulator; at most 3500"}},
		{name: "guards, comments and blank lines do not count", path: "plugins/acme/client.go", text: guarded},
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
