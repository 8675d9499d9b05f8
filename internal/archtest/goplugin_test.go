package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// snare is something that go-plugin or gRPC offers and nobody here may use.
type snare struct {
	trap int // its row in TRAPS.md
	what *regexp.Regexp
	why  string
}

var snares = []snare{
	{
		2,
		regexp.MustCompile(`\.GracefulStop\(|WaitForHandlers\(true`),
		"the call that stops a plugin's server would wait for itself, and end in SIGKILL",
	},
	{
		10,
		regexp.MustCompile(`\bManaged:|CleanupClients\(`),
		"managed clients stay in a list for ever; a process is stopped by whoever started it",
	},
	{
		11,
		regexp.MustCompile(`WaitForReady\(true`),
		"on a dead plugin it burns the call's whole deadline",
	},
	{
		28,
		regexp.MustCompile(`\bReattach:|ReattachConfig\(`),
		"it is broken for plugins of several versions",
	},
}

func snared(sources []source) []offence {
	var found []offence
	for _, s := range sources {
		if s.test || isKit(s.dir) || !in(s.dir, "sdk", "host", "plugins") {
			continue
		}

		for _, n := range snares {
			if at := n.what.FindString(s.text); at != "" {
				found = append(found, offence{s.path, "uses " + at, n.why})
			}
		}
	}

	return found
}

// go-plugin trap 2: a server that waits for its handlers waits for its own
// shutdown, and is killed after two seconds. go-plugin trap 10: managed clients
// stay in a global list for ever. go-plugin trap 11: WaitForReady on a dead
// plugin burns the whole deadline. go-plugin trap 28: reattaching with several
// versions is broken.
func TestGoPluginsTraps(t *testing.T) {
	check(t, snared)
	for _, text := range []string{"g.GracefulStop()", "grpc.WaitForHandlers(true)", "Managed: true", "grpc.WaitForReady(true)", "Reattach: r"} {
		if len(
			snared(
				tree(
					t,
					map[string]string{"host/a.go": "package host\n\n// " + text + "\n"},
				),
			),
		) != 1 {
			t.Errorf("%s is not found", text)
		}
	}
}

// trapRow is a row of the table: its number and the tests, the only words in it
// that look so.
var (
	trapRow  = regexp.MustCompile(`(?m)^\| (\d+) \|.*\|$`)
	trapTest = regexp.MustCompile(
		"`(plugin|supervisor|serve|client|archtest)\\.(Test[A-Za-z0-9_]+)`",
	)
	trapDirs = map[string]string{
		"plugin":     "host/internal/plugin",
		"supervisor": "host/internal/supervisor",
		"serve":      "sdk/serve",
		"client":     "sdk/client",
		"archtest":   "internal/archtest",
	}
)

// Every trap has its tests, and every such test says so in its comment: whoever
// changes one sees what it is for.
func TestEveryTrapHasItsTests(t *testing.T) {
	const root = "../.."
	text, err := os.ReadFile(filepath.Join(root, "host/internal/plugin/TRAPS.md"))
	if err != nil {
		t.Fatal(err)
	}

	comments := map[string]map[string]string{}
	for name, dir := range trapDirs {
		comments[name] = testComments(t, filepath.Join(root, dir))
	}
	rows := trapRow.FindAllStringSubmatch(string(text), -1)
	if len(rows) != 29 {
		t.Errorf("%d traps", len(rows))
	}

	for i, row := range rows {
		if row[1] != strconv.Itoa(i+1) {
			t.Errorf("row %d is called %s", i+1, row[1])
		}
		tests := trapTest.FindAllStringSubmatch(row[0], -1)
		if len(tests) == 0 {
			t.Errorf("trap %s has no test", row[1])
		}

		for _, test := range tests {
			comment, ok := comments[test[1]][test[2]]
			if !ok {
				t.Errorf(
					"trap %s: there is no %s in %s",
					row[1],
					test[2],
					trapDirs[test[1]],
				)
			} else if want := fmt.Sprintf("go-plugin trap %s: ", row[1]); !strings.Contains(comment, want) {
				t.Errorf("trap %s: the comment of %s.%s does not have %q", row[1], test[1], test[2], want)
			}
		}
	}
}

// testComments returns the comments of a package's tests.
func testComments(t *testing.T, dir string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}

	comments := map[string]string{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}

		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil {
				comments[f.Name.Name] = f.Doc.Text()
			}
		}
	}

	return comments
}
