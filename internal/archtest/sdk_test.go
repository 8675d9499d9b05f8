package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"
)

// sdkNames is how many types, functions and variables package sdk may export.
// The constants of a closed set, such as the error codes, count with their
// type: one learns the set.
const sdkNames = 131

// exportedNames counts what the authors of plugins have to look through.
func exportedNames(sources []source, dir string) (names int, err error) {
	for _, s := range sources {
		if s.dir != dir || s.test {
			continue
		}
		file, err := parser.ParseFile(
			token.NewFileSet(),
			s.path,
			s.text,
			parser.SkipObjectResolution,
		)
		if err != nil {
			return 0, err
		}

		for _, decl := range file.Decls {
			names += exportedIn(decl)
		}
	}

	return names, nil
}

func exportedIn(decl ast.Decl) (n int) {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil && d.Name.IsExported() {
			n++
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() {
					n++
				}
			case *ast.ValueSpec:
				if ofASet := d.Tok == token.CONST && s.Type != nil; s.Names[0].IsExported() && !ofASet {
					n++
				}
			}
		}
	}

	return n
}

func sdkSize(sources []source) []offence {
	names, err := exportedNames(sources, "sdk")
	if err != nil {
		return []offence{
			{"sdk", "cannot be read: " + err.Error(), "its size is to be counted"},
		}
	}

	if names < sdkNames {
		return nil
	}

	return []offence{{
		"sdk", fmt.Sprintf("exports %d types, functions and variables; fewer than %d", names, sdkNames),
		"an author reads this list to the end only when it has one; what only some need belongs in a package beside it",
	}}
}

func TestTheSDKStaysSmall(t *testing.T) { check(t, sdkSize) }

func TestTheSDKStaysSmallBites(t *testing.T) {
	text := "// Package sdk is small.\npackage sdk\n\ntype Code string\n\nconst (\n\tCodeA Code = \"a\"\n\tCodeB Code = \"b\"\n)\n\nconst Most = 1\n\n" +
		"func (Code) Known() bool { return true }\n\nvar hidden int\n"
	small := tree(
		t,
		map[string]string{
			"sdk/a.go":      text,
			"sdk/a_test.go": "package sdk\n\nfunc TestA() {}\n",
		},
	)
	if names, err := exportedNames(small, "sdk"); names != 2 || err != nil {
		t.Errorf("%d names, %v: only Code and Most count", names, err)
	}

	large := text
	for i := range sdkNames {
		large += fmt.Sprintf("func F%d() {}\n", i)
	}
	if found := sdkSize(tree(t, map[string]string{"sdk/a.go": large})); len(found) != 1 ||
		!strings.Contains(found[0].what, "exports 133") {
		t.Errorf("got %v", found)
	}
}
