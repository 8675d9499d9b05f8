//go:build linux

package plugin_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/payhost/payhost/host/internal/plugin"
)

// Whoever reads what a plugin is kept from reads what the code does, and each
// row has a test.
func TestTableOfConfinementIsTheCodes(t *testing.T) {
	text, err := os.ReadFile("CONFINEMENT.md")
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]string

	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if strings.HasPrefix(line, "| ") && len(cells) == 5 &&
			strings.TrimSpace(cells[0]) != "thing" {
			rows = append(rows, cells)
		}
	}

	table, tests := plugin.Table(), namesOfTests(t)
	if len(rows) != len(table) {
		t.Fatalf("%d rows, and %d in the code", len(rows), len(table))
	}

	for i, row := range table {
		cells := rows[i]
		if thing := strings.TrimSpace(cells[0]); thing != row.Thing {
			t.Errorf("row %d is about %q, in the code about %q", i+1, thing, row.Thing)
		}
		if strict := strings.Contains(cells[1], "**strict**"); strict != row.Strict {
			t.Errorf("%s: strict is %v, in the code %v", row.Thing, strict, row.Strict)
		}

		_, named, has := strings.Cut(cells[1], "[")
		named, _, _ = strings.Cut(named, "]")
		if has != (row.By != plugin.Always) || (has && named != string(row.By)) {
			t.Errorf("%s: by %q, in the code %q", row.Thing, named, row.By)
		}

		if test := strings.Trim(strings.TrimSpace(cells[4]), "`"); test != row.Test ||
			!tests[test] {
			t.Errorf(
				"%s: the test is %q, in the code %q; there is one: %v",
				row.Thing,
				test,
				row.Test,
				tests[test],
			)
		}
	}
}

// namesOfTests returns those of this folder, internal ones included.
func namesOfTests(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}

	names := map[string]bool{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}

		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil &&
				strings.HasPrefix(f.Name.Name, "Test") {
				names[f.Name.Name] = true
			}
		}
	}

	return names
}

// What is said to be in force or missing is in the table.
func TestIsolationSaysWhatTheTableHas(t *testing.T) {
	s := newStage(t)
	for name, change := range map[string]func(){
		"as it is": func() {}, "with nothing": s.workspace.TakeAway,
	} {
		change()
		for measure, state := range s.start().Isolation().States() {
			if measure != plugin.Always && state == "" {
				t.Errorf("%s: nothing is said of %q", name, measure)
			}
		}
	}
}
