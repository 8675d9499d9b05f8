package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/payhost/payhost"

// source is one Go file of the module.
type source struct {
	path      string // from the top of the repository, with slashes
	dir       string
	pkg       string
	doc       string // the package comment, if it is in this file
	text      string
	imports   []string // packages of this module without the module's path: "host/payment"
	test      bool
	generated bool
}

// offence is a broken rule: who, what, why.
type offence struct{ who, what, why string }

func (o offence) String() string { return o.who + ": " + o.what + "\n\treason: " + o.why }

// check runs a rule on the repository and reports what breaks it.
func check(t *testing.T, rule func([]source) []offence) {
	t.Helper()
	sources, err := load(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}

	if len(sources) == 0 {
		t.Fatal("no Go files found: the rules were checked on nothing")
	}
	for _, o := range rule(sources) {
		t.Error(o)
	}
}

// load parses every Go file of the module; modules in folders of their own (the
// tools') are not part of it.
func load(tree fs.FS) ([]source, error) {
	var sources []source
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name != "." && (ignored(entry.Name()) || ownModule(tree, name)) {
				return fs.SkipDir
			}
			return nil
		}

		if path.Ext(name) != ".go" || strings.ContainsAny(entry.Name()[:1], "._") {
			return nil
		}
		text, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}

		s, err := parse(name, string(text))
		sources = append(sources, s)
		return err
	})

	return sources, err
}

// ignored follows the go command, and leaves out what make builds and runs.
func ignored(folder string) bool {
	return strings.ContainsAny(folder[:1], "._") || folder == "testdata" ||
		folder == "bin" ||
		folder == "var"
}

func ownModule(tree fs.FS, dir string) bool {
	_, err := fs.Stat(tree, path.Join(dir, "go.mod"))
	return err == nil
}

func parse(name, text string) (source, error) {
	file, err := parser.ParseFile(
		token.NewFileSet(),
		name,
		text,
		parser.ImportsOnly|parser.ParseComments,
	)
	if err != nil {
		return source{}, err
	}

	s := source{
		path:      name,
		dir:       path.Dir(name),
		pkg:       file.Name.Name,
		doc:       file.Doc.Text(),
		text:      text,
		test:      strings.HasSuffix(name, "_test.go"),
		generated: ast.IsGenerated(file),
	}

	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return source{}, err
		}
		s.imports = append(s.imports, strings.TrimPrefix(imported, module+"/"))
	}

	return s, nil
}

// in reports whether a package is one of the folders or lies below one.
func in(pkg string, folders ...string) bool {
	for _, folder := range folders {
		if pkg == folder || strings.HasPrefix(pkg, folder+"/") {
			return true
		}
	}
	return false
}

// provider splits plugins/NAME/REST. The name is empty outside plugins/.
func provider(pkg string) (name, rest string) {
	below, ok := strings.CutPrefix(pkg, "plugins/")
	if !ok {
		return "", ""
	}
	name, rest, _ = strings.Cut(below, "/")
	return name, rest
}

const (
	sandbox   = "sandbox"   // serves the simulators; no provider
	reference = "reference" // an example with every verb; no provider's name either
)

// providers lists the folders of plugins/ that belong to a real provider.
func providers(sources []source) map[string][]source {
	all := plugins(sources)
	delete(all, reference)
	return all
}

// plugins lists the folders of plugins/ that hold a plugin: the providers and the
// reference.
func plugins(sources []source) map[string][]source {
	all := map[string][]source{}
	for _, s := range sources {
		if name, _ := provider(s.dir); name != "" && name != sandbox {
			all[name] = append(all[name], s)
		}
	}
	return all
}
