package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"
)

// publicTypes finds what the public packages of the host show of internal ones:
// in signatures, in the fields of types, and as aliases.
func publicTypes(sources []source) []offence {
	var found []offence
	for _, s := range sources {
		if s.test || !in(s.dir, "host") || in(s.dir, "host/internal", "host/cmd") {
			continue
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, s.path, s.text, parser.SkipObjectResolution)
		if err != nil {
			return []offence{
				{s.path, "cannot be read: " + err.Error(), "its types are to be looked at"},
			}
		}

		internal := internalNames(file)
		for _, shown := range exportedParts(file) {
			ast.Inspect(shown, func(n ast.Node) bool {
				selector, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				if of, ok := selector.X.(*ast.Ident); ok && internal[of.Name] {
					found = append(
						found,
						offence{fmt.Sprintf("%s:%d", s.path, fset.Position(n.Pos()).Line),
							"shows " + of.Name + "." + selector.Sel.Name + ", a type of an internal package",
							"whoever embeds the host cannot name it, and go doc does not show its fields"},
					)
				}

				return true
			})
		}
	}

	return found
}

// internalNames are the names under which a file imports internal packages.
func internalNames(file *ast.File) map[string]bool {
	names := map[string]bool{}
	for _, spec := range file.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil || !strings.Contains("/"+path+"/", "/internal/") {
			continue
		}
		name := path[strings.LastIndex(path, "/")+1:]
		if spec.Name != nil {
			name = spec.Name.Name
		}

		names[name] = true
	}

	return names
}

// exportedParts are the parts of a file that callers see.
func exportedParts(file *ast.File) (parts []ast.Node) {
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && (d.Recv == nil || exportedReceiver(d.Recv)) {
				parts = append(parts, d.Type)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				parts = append(parts, exportedSpec(spec)...)
			}
		}
	}

	return parts
}

func exportedSpec(spec ast.Spec) (parts []ast.Node) {
	switch s := spec.(type) {
	case *ast.ValueSpec:
		if s.Names[0].IsExported() && s.Type != nil {
			parts = append(parts, s.Type)
		}
	case *ast.TypeSpec:
		structure, isStruct := s.Type.(*ast.StructType)
		switch {
		case !s.Name.IsExported():
		case !isStruct:
			parts = append(parts, s.Type)
		default:
			for _, field := range structure.Fields.List {
				if len(field.Names) == 0 || field.Names[0].IsExported() {
					parts = append(parts, field.Type)
				}
			}
		}
	}

	return parts
}

func exportedReceiver(list *ast.FieldList) bool {
	of := list.List[0].Type
	if pointer, ok := of.(*ast.StarExpr); ok {
		of = pointer.X
	}
	name, ok := of.(*ast.Ident)
	return !ok || name.IsExported()
}

func TestTheHostShowsNoInternalTypes(t *testing.T) { check(t, publicTypes) }

func TestTheHostShowsNoInternalTypesBites(t *testing.T) {
	head := "// Package host is one.\npackage host\n\nimport \"" + module + "/host/internal/core\"\n\n"
	for text, want := range map[string]int{
		"type Confirmation = core.Confirmation\n":                1,
		"type Lists map[string]core.List\n":                      1,
		"func Open() *core.Core { return nil }\n":                1,
		"type Host struct{}\nfunc (*Host) Do(c core.Call) {}\n":  1,
		"type Host struct{ Core *core.Core }\n":                  1,
		"type Host struct{ *core.Core }\n":                       1,
		"const Action core.Action = \"x\"\n":                     1,
		"type Host struct{ core *core.Core }\n":                  0,
		"type host struct{ Core *core.Core }\n":                  0,
		"func open() *core.Core { return nil }\n":                0,
		"func Open() { _ = core.New() }\n":                       0,
		"type inner struct{}\nfunc (inner) Do(c core.Call) {}\n": 0,
	} {
		found := publicTypes(tree(t, map[string]string{"host/open.go": head + text}))
		if len(found) != want {
			t.Errorf("%s: %v", text, found)
		}
	}
}
