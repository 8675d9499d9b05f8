package scaffold

import (
	"errors"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
)

// registered returns the registry of simulators with a line for a new one, in
// its place in the order of names.
func registered(file, name string) ([]byte, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, file, text, 0)
	if err != nil {
		return nil, err
	}

	imports, entry, err := places(tree, name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	alias := strings.ReplaceAll(name, "-", "")
	line := fmt.Sprintf("{%q, func(publicURL string) provider {\n"+
		"return %s.New(%s.WithPublicURL(publicURL), %s.WithWebhooks())\n}},\n", name, alias, alias, alias)
	at := func(pos token.Pos) int { return set.Position(pos).Offset }

	out := string(
		text[:at(imports)],
	) + alias + " " + strconv.Quote(
		payhost+"/plugins/"+name+"/simulator",
	) + "\n" +
		string(
			text[at(imports):at(entry)],
		) + line + string(
		text[at(entry):],
	)

	return format.Source([]byte(out))
}

// places finds the end of the imports, and what comes after the new entry of
// the list called simulators.
func places(tree *ast.File, name string) (imports, entry token.Pos, err error) {
	for _, decl := range tree.Decls {
		d, ok := decl.(*ast.GenDecl)
		if !ok {
			continue
		}
		if d.Tok == token.IMPORT && d.Rparen.IsValid() {
			imports = d.Rparen
		}

		for _, spec := range d.Specs {
			v, ok := spec.(*ast.ValueSpec)
			if !ok || v.Names[0].Name != "simulators" || len(v.Values) != 1 {
				continue
			}
			if list, ok := v.Values[0].(*ast.CompositeLit); ok {
				entry = before(list, name)
			}
		}
	}

	if !imports.IsValid() || !entry.IsValid() {
		return 0, 0, errors.New(
			"there is no list called simulators with imports in parentheses above it",
		)
	}

	return imports, entry, nil
}

// before returns the first entry whose name is greater, or the end of the list.
func before(list *ast.CompositeLit, name string) token.Pos {
	for _, element := range list.Elts {
		item, ok := element.(*ast.CompositeLit)
		if !ok || len(item.Elts) == 0 {
			continue
		}
		if text, ok := item.Elts[0].(*ast.BasicLit); ok &&
			strings.Trim(text.Value, `"`) > name {
			return element.Pos()
		}
	}

	return list.Rbrace
}
