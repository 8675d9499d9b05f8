package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// How code reads line by line, measured a top folder at a time: a file of
// tables may miss a share that its neighbours make up for.
const (
	leastBlank   = 7.0  // % of the lines of bodies
	mostWide     = 3.0  // % of all lines
	mostShort    = 8.0  // % of the locals
	leastSpaced  = 80.0 // % of the long functions
	columns      = 100  // a line of more is wide; a tab counts four
	longFunction = 12   // lines of a body from which on it has paragraphs
)

// surface counts what one reads of a part of the repository.
type surface struct {
	lines, wide   int
	body, blank   int
	long, spaced  int
	locals, short int
}

// production reports whether s is code that people maintain by hand and that is
// no test.
func (s source) production() bool { return !s.test && !s.generated }

// add counts a file.
func (f *surface) add(s source) error {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, s.path, s.text, parser.SkipObjectResolution)
	if err != nil {
		return err
	}

	lines := strings.Split(s.text, "\n")
	f.lines += len(lines)
	for _, line := range lines {
		if wide(line) {
			f.wide++
		}
	}

	for _, decl := range file.Decls {
		if function, ok := decl.(*ast.FuncDecl); ok && (function.Body != nil) {
			f.addBody(files, function.Body, lines)
		}
	}
	return nil
}

func wide(line string) bool {
	return len([]rune(strings.ReplaceAll(line, "\t", "    "))) > columns
}

func (f *surface) addBody(files *token.FileSet, body *ast.BlockStmt, lines []string) {
	first := files.Position(body.Lbrace).Line
	last := files.Position(body.Rbrace).Line
	blank := 0
	for number := first + 1; number < last; number++ {
		if strings.TrimSpace(lines[number-1]) == "" {
			blank++
		}
	}

	size := max(0, last-first-1)
	f.body += size
	f.blank += blank
	if size >= longFunction {
		f.long++
		f.spaced += min(blank, 1)
	}

	ast.Inspect(body, func(node ast.Node) bool {
		for _, name := range declared(node) {
			if name != "_" {
				f.locals++
			}
			if (len(name) == 1) && (name != "_") {
				f.short++
			}
		}
		return true
	})
}

// declared returns the names of the variables that a statement makes.
func declared(node ast.Node) (names []string) {
	switch node := node.(type) {
	case *ast.AssignStmt:
		for _, left := range node.Lhs {
			if name, ok := left.(*ast.Ident); ok && (node.Tok == token.DEFINE) {
				names = append(names, name.Name)
			}
		}
	case *ast.ValueSpec:
		for _, name := range node.Names {
			names = append(names, name.Name)
		}
	}
	return names
}

func percent(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return 100 * float64(part) / float64(whole)
}

// readable holds each top folder to the shares.
func readable(sources []source) (found []offence) {
	parts := map[string]*surface{}
	for _, s := range sources {
		if !s.production() {
			continue
		}
		part, _, _ := strings.Cut(s.dir, "/")
		if parts[part] == nil {
			parts[part] = &surface{}
		}
		if err := parts[part].add(s); err != nil {
			return []offence{{s.path, "cannot be read: " + err.Error(), "its lines are to be counted"}}
		}
	}

	for _, name := range slices.Sorted(maps.Keys(parts)) {
		found = append(found, parts[name].missed(name)...)
	}
	return found
}

func (f *surface) missed(name string) (found []offence) {
	miss := func(bad bool, share float64, what, why string) {
		if bad {
			found = append(found, offence{name, fmt.Sprintf("%.1f %% of %s", share, what), why})
		}
	}

	blank := percent(f.blank, f.body)
	miss((f.body > 0) && (blank < leastBlank), blank, "the lines of bodies are blank",
		"a reader finds the phases of a function by the blank lines between them")
	spaced := percent(f.spaced, f.long)
	miss((f.long > 0) && (spaced < leastSpaced), spaced, "the long functions have a blank line",
		"a function longer than a dozen lines has paragraphs")
	wideShare := percent(f.wide, f.lines)
	miss(wideShare > mostWide, wideShare, fmt.Sprintf("the lines have more than %d columns", columns),
		"what does not fit is read twice")
	short := percent(f.short, f.locals)
	miss(short > mostShort, short, "the locals have one letter",
		"a local that lives longer than a few lines has a word for a name")
	return found
}

func TestCodeIsReadable(t *testing.T) { check(t, readable) }

func TestCodeIsReadableBites(t *testing.T) {
	const head = "// Package host is one.\npackage host\n\nfunc Open() {\n"
	dense := strings.Repeat("\tcall()\n", 20)
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"paragraphs", strings.Repeat("\tcall()\n\tcall()\n\n", 7), nil},
		{"one block", dense, []string{
			"0.0 % of the lines of bodies are blank", "0.0 % of the long functions have a blank line",
		}},
		{"wide", strings.Repeat("\tcall() // "+strings.Repeat("x", 100)+"\n\n", 7),
			[]string{"35.0 % of the lines have more than 100 columns"}},
		{"letters", "\ta := 1\n\n\tuse(a)\n", []string{"100.0 % of the locals have one letter"}},
		{"words", "\tamount := 1\n\n\tuse(amount)\n", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, o := range readable(tree(t, map[string]string{"host/open.go": head + c.text + "}\n"})) {
				got = append(got, o.what)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// unclear finds, in every line that people write, what is always a mistake.
func unclear(sources []source) (found []offence) {
	for _, s := range sources {
		if s.generated {
			continue
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, s.path, s.text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return []offence{{s.path, "cannot be read: " + err.Error(), "its words are to be looked at"}}
		}
		found = append(found, mixed(files, file, s)...)
		if !s.test {
			found = append(found, oddComments(files, file, s)...)
		}
	}
	return found
}

func mixed(files *token.FileSet, file *ast.File, s source) (found []offence) {
	ast.Inspect(file, func(node ast.Node) bool {
		or, ok := node.(*ast.BinaryExpr)
		if !ok || (or.Op != token.LOR) {
			return true
		}
		for _, side := range []ast.Expr{or.X, or.Y} {
			if and, ok := side.(*ast.BinaryExpr); ok && (and.Op == token.LAND) {
				found = append(found, offence{
					fmt.Sprintf("%s:%d", s.path, files.Position(and.Pos()).Line),
					"has && beside || without parentheses",
					"nobody should have to remember which of them binds first",
				})
			}
		}
		return true
	})
	return found
}

var (
	// saysGives is the beginning of a comment that describes a function by the
	// word "gives".
	saysGives = regexp.MustCompile(`^\S+ gives (the|a|an|what|whether|how|all|each|its|no|back the)\b`)
	// lateSubject is a sentence whose subject comes late.
	lateSubject = regexp.MustCompile(`(^|[.:] )(What|That|Whoever|One that) [a-z]|[.:] Of [a-z]`)
)

func oddComments(files *token.FileSet, file *ast.File, s source) (found []offence) {
	for _, group := range file.Comments {
		text := strings.Join(strings.Fields(group.Text()), " ")
		where := fmt.Sprintf("%s:%d", s.path, files.Position(group.Pos()).Line)
		if saysGives.MatchString(text) {
			found = append(found, offence{where, fmt.Sprintf("begins %.40q", text),
				`in Go a function "returns" or "reports whether"`})
		}
		if odd := lateSubject.FindString(text); odd != "" {
			found = append(found, offence{where, fmt.Sprintf("has a sentence that begins %q", odd),
				"a sentence is understood at the first reading when its subject comes first"})
		}
	}
	return found
}

func TestCodeIsClear(t *testing.T) { check(t, unclear) }

func TestCodeIsClearBites(t *testing.T) {
	const head = "// Package host is one.\npackage host\n\n"
	for text, want := range map[string]int{
		"var a = b && c || d\n":                                     1,
		"var a = (b && c) || d\n":                                   0,
		"// name gives the name.\nfunc name() {}\n":                 1,
		"// name returns what it gives.\nfunc name() {}\n":          0,
		"// name is short. What it lacks is added.\nfunc name() {}": 1,
		"// Whoever calls it waits.\nfunc name() {}":                1,
		"// name has What it needs.\nfunc name() {}":                0,
	} {
		found := unclear(tree(t, map[string]string{"host/open.go": head + text}))
		if len(found) != want {
			t.Errorf("%s: %v", text, found)
		}
	}
}
