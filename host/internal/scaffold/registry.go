package scaffold

import (
	"errors"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"slices"
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

	// A package name has no dashes.
	alias := strings.ReplaceAll(name, "-", "")
	importLine := alias + " " + strconv.Quote(payhost+"/plugins/"+name+"/simulator") + "\n"
	entryLine := fmt.Sprintf("{%q, func(publicURL string) provider {\n"+
		"return %s.New(%s.WithPublicURL(publicURL), %s.WithWebhooks())\n}},\n", name, alias, alias, alias)

	first, second := set.Position(imports).Offset, set.Position(entry).Offset
	out := slices.Concat(
		text[:first], []byte(importLine),
		text[first:second], []byte(entryLine),
		text[second:],
	)

	return format.Source(out)
}

// places finds the end of the imports, and what comes after the new entry of
// the list called simulators.
func places(tree *ast.File, name string) (imports, entry token.Pos, err error) {
	for _, decl := range tree.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok {
			continue
		}
		if (group.Tok == token.IMPORT) && group.Rparen.IsValid() {
			imports = group.Rparen
		}

		if list := simulatorsIn(group); list != nil {
			entry = before(list, name)
		}
	}

	// A registry of another shape is left alone: a guess could break it.
	if !imports.IsValid() || !entry.IsValid() {
		return 0, 0, errors.New(
			"there is no list called simulators with imports in parentheses above it",
		)
	}

	return imports, entry, nil
}

// simulatorsIn returns the list called simulators, when the declaration has it.
func simulatorsIn(group *ast.GenDecl) *ast.CompositeLit {
	for _, spec := range group.Specs {
		value, ok := spec.(*ast.ValueSpec)
		if !ok || (value.Names[0].Name != "simulators") || (len(value.Values) != 1) {
			continue
		}
		if list, ok := value.Values[0].(*ast.CompositeLit); ok {
			return list
		}
	}

	return nil
}

// before returns the first entry whose name is greater, or the end of the list.
func before(list *ast.CompositeLit, name string) token.Pos {
	for _, element := range list.Elts {
		entry, ok := element.(*ast.CompositeLit)
		if !ok || (len(entry.Elts) == 0) {
			continue
		}
		text, ok := entry.Elts[0].(*ast.BasicLit)
		if ok && (strings.Trim(text.Value, `"`) > name) {
			return element.Pos()
		}
	}

	return list.Rbrace
}
