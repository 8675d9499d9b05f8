package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const everyForm = "\ufeff# comment with [table] and key = 1\n" + `bare = 1
"quoted key" = 2
'single "quoted"' = 3
"esc\u0041\x42\"ped" = 4
dotted.key . "with.dot" = 5 # five

[ table . "sub table" ] # header
basic = "a # b \" ] } = '"
raw = 'C:\dir'
long = """
[not.a.table]
key = "no"
two quotes "" and \""" escaped
end with two"""""
raw_long = '''
[not.a.table] \'''
after = true
list = [ # comment ]
  1, 2.50,
  [ "x]", 'y,' ],

  { a = 1, b = { c = [ 1979-05-27 07:32:00 ] } }, # trailing comma
]
inline = { a.b = 1, "c d" = """
two""", e = [
  3.0 ] }

[[arrays]]
name = "first"
[[arrays.inner]]
x = 1
[[arrays.inner]]
x = 2
[arrays.inner.deep]
y = 1_000.5
[[arrays]]
name = "second"
[[arrays.inner]]
x = +1e06
[last]
crlf = 1` + "\r\n" + `date = 1979-05-27T07:32:00Z
end = 'of file'`

func TestScanFindsTheLineOfEveryKey(t *testing.T) {
	at := scan(everyForm)
	if len(at.faults) > 0 {
		t.Fatalf("faults in sound text: %+v", at.faults)
	}

	for path, line := range map[string]int{
		"bare": 2, `"quoted key"`: 3, `"single \"quoted\""`: 4, `"escAB\"ped"`: 5,
		"dotted": 6, "dotted.key": 6, `dotted.key."with.dot"`: 6,
		"table": 8, `table."sub table"`: 8, `table."sub table".basic`: 9, `table."sub table".raw`: 10,
		`table."sub table".long`: 11, `table."sub table".raw_long`: 16, `table."sub table".after`: 18,
		`table."sub table".list`: 19, `table."sub table".list[0]`: 20, `table."sub table".list[1]`: 20,
		`table."sub table".list[2][1]`: 21, `table."sub table".list[3].a`: 23, `table."sub table".list[3].b.c[0]`: 23,
		`table."sub table".inline.a.b`: 25, `table."sub table".inline."c d"`: 25, `table."sub table".inline.e[0]`: 27,
		"arrays": 29, "arrays[0]": 29, "arrays[0].name": 30, "arrays[0].inner[0].x": 32, "arrays[0].inner[1].x": 34,
		"arrays[0].inner[1].deep.y": 36, "arrays[1]": 37, "arrays[1].name": 38, "arrays[1].inner[0].x": 40,
		"last.crlf": 42, "last.date": 43, "last.end": 44,
		"table.basic": 0, "key": 0, `table."sub table".list[4]`: 0,
	} {
		if got := at.lines.line(path); got != line {
			t.Errorf("%s is on line %d, want %d", path, got, line)
		}
	}

	if _, err := decode(everyForm); err != nil {
		t.Fatal("the parser does not accept the text: ", err)
	}
	checkLayout(t, everyForm)
}

func TestScanReportsBrokenSyntaxWhereItBegins(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		line int
		next string // a key after it that is found all the same
	}{
		"text without end":            {"a = 1\nb = \"x\nc = 3", 2, "c"},
		"raw text without end":        {"b = 'x\nc = 3", 1, "c"},
		"key without end":             {"\"b = 1\nc = 3", 1, "c"},
		"long text without end":       {"a = 1\nb = \"\"\"\nx\nc = 3", 2, ""},
		"long text, escaped end":      {"b = \"\"\"\nx\\\"\"\"\n", 1, ""},
		"list without end":            {"b = [\n1,\n[next]\nc = 3", 1, "next.c"},
		"list without end, in a list": {"b = [[\n1,\n[[next]] # x\nc = 3", 1, "next[0].c"},
		"list at the end of the file": {"b = [\n1,\n", 1, ""},
		"table without end":           {"b = { a = 1,\n[next]\nc = 3", 1, "next.c"},
		"table at the end":            {"b = { a = 1, ", 1, ""},
		"no comma":                    {"a = [\n1\n\"2\"]\nc = 3", 1, "c"},
		"no value":                    {"a =\nc = 3", 1, "c"},
		"no equals sign":              {"\na 3\nc = 3", 2, "c"},
		"no key":                      {"= 3\nc = 3", 1, "c"},
		"no header's end":             {"[a\nc = 3", 1, "c"},
		"one bracket of two":          {"[[a]\nc = 3", 1, "c"},
		"text after a value":          {"a = 1 b = 2\nc = 3", 1, "c"},
		"text after a header":         {"[a] b = 2\n[c]\nd = 1", 1, "c.d"},
		"a word":                      {"a = yes\nc = 3", 1, "c"},
		"an empty part":               {"a..b = 1\nc = 3", 1, "c"},
		"the end after a backslash":   {"a = \"\\", 1, ""},
		"a backslash before the line": {"a = \"\\\nc = 3", 1, "c"},
	} {
		t.Run(name, func(t *testing.T) {
			at := scan(c.text)
			if len(at.faults) == 0 {
				t.Fatal("no fault found")
			}
			if f := at.faults[0]; f.line != c.line || f.message == "" {
				t.Errorf("fault on line %d (%s), want %d", f.line, f.message, c.line)
			}

			if c.next != "" && at.lines.line(c.next) == 0 {
				t.Errorf("%s was not found: %v", c.next, at.lines.written)
			}
		})
	}
}

func TestScanStopsAtDepth(t *testing.T) {
	deep := func(text string) bool {
		at := scan(text)
		return len(at.faults) > 0 && at.faults[0].deep
	}

	for name, c := range map[string]struct{ open, end string }{
		"lists": {"[", "]"}, "tables": {"{a=", "}"}, "both": {"[{a=", "}]"},
	} {
		text := func(n int) string { return "a = " + strings.Repeat(c.open, n) + "1" + strings.Repeat(c.end, n) }
		if deep(text(maxDepth / len(c.end))) {
			t.Errorf("%s: refused at the bound", name)
		}
		if !deep(text(maxDepth+1)) || !deep(text(1<<20)) {
			t.Errorf("%s: accepted beyond the bound", name)
		}
	}

	if key := strings.Repeat("a.", maxDepth); !deep(key+"a = 1") || !deep("["+key+"a]") ||
		deep(key[:len(key)-2]+" = 1") {
		t.Error("the bound for parts of a key does not hold")
	}

	if !deep("a = " + strings.Repeat("[", 1<<20)) {
		t.Error("a million brackets are not refused")
	}
}

// checkLayout holds the scanner against the parser: what the parser accepts has
// no fault, and both see the same keys.
func checkLayout(t *testing.T, text string) {
	t.Helper()
	at := scan(text)
	end := strings.Count(text, "\n") + 1

	for _, f := range at.faults {
		if f.line < 1 || f.line > end {
			t.Fatalf("fault on line %d of %d", f.line, end)
		}
		if f.deep {
			return
		}
	}

	tree, err := decode(text)
	if err != nil {
		return
	}
	if len(at.faults) > 0 {
		t.Fatalf("faults in what the parser accepts: %+v", at.faults)
	}

	seen := map[string]bool{}
	compare(t, at, "", tree, seen)

	for path, line := range at.lines.written {
		if !seen[path] {
			t.Errorf("line %d: %s is not in the parser's tree", line, path)
		}
		if line < 1 || line > end {
			t.Errorf("%s on line %d of %d", path, line, end)
		}
	}

	for path := range at.lines.implied {
		if !seen[path] {
			t.Errorf("%s is not in the parser's tree", path)
		}
	}
}

// compare walks the parser's tree and looks every path up.
func compare(t *testing.T, at *layout, path string, value any, seen map[string]bool) {
	seen[path] = true
	if path != "" && at.lines.line(path) == 0 {
		t.Errorf("%s has no line", path)
	}

	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			compare(t, at, join(path, key), inner, seen)
		}
	case []map[string]any:
		for i, inner := range v {
			compare(t, at, element(path, i), inner, seen)
		}

	case []any:
		for i, inner := range v {
			compare(t, at, element(path, i), inner, seen)
		}
	case float64:
		n, problem := number(at.literals[path], v)
		if problem == "" && !sameFloat(string(n), v) {
			t.Errorf("%s = %v became %s", path, v, n)
		}
	}
}

func FuzzScan(f *testing.F) {
	files, err := filepath.Glob("testdata/*.toml")
	if err != nil {
		f.Fatal(err)
	}

	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}

	for _, text := range []string{everyForm, withSecrets, "", "\xff\xfea = 1", "a = [[1], [{b=2},], ]", "[a]\n[a.b]\n[[a.c]]\n[a.c.d]",
		"a = '''\n'''''", "a = \"\"\"\\\r\n \\\"\"\"\"\"", "a.b = {c.d = 1, }\n[a.e]", "a=\"\"\"\\\\\"\"\"\"\"\"", "\"\" = 1\n[\"\".\"\"]", "a = 0x1F\nb = -nan"} {
		f.Add(text)
	}

	f.Fuzz(func(t *testing.T, text string) { checkLayout(t, text) })
}
