package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// atTop runs a test in the folder of the repository, as the command is.
func atTop(t *testing.T) []*mutant {
	t.Helper()
	t.Chdir("../..")
	text, err := os.ReadFile("tools/mutants/list.txt")
	if err != nil {
		t.Fatal(err)
	}

	list, err := parse(string(text))
	if err != nil {
		t.Fatal(err)
	}

	return list
}

// The code has moved on when a mutant's text is not found any more: the mutant
// must follow it.
func TestTheTextOfEveryMutantIsFoundOnce(t *testing.T) {
	names := map[string]bool{}
	for _, m := range atTop(t) {
		if names[m.name] {
			t.Errorf("two mutants are called %q", m.name)
		}
		names[m.name] = true
		if _, err := m.change(); err != nil {
			t.Errorf("%s: %v", m.name, err)
		}
	}

	if len(names) < 60 {
		t.Errorf("there are %d mutants, want 60", len(names))
	}
}

// What has caught a mutant is a test that there is.
func TestWhatHasCaughtAMutantIsThere(t *testing.T) {
	tests := map[string]string{} // the text of a package's tests
	for _, m := range atTop(t) {
		pkg, test, ok := strings.Cut(m.caught, " ")
		if !ok {
			t.Errorf(
				"%s: the list does not say what has caught it: make mutants, with -update",
				m.name,
			)
			continue
		}

		if tests[pkg] == "" {
			files, err := filepath.Glob(filepath.Join(pkg, "*_test.go"))
			if err != nil {
				t.Fatal(err)
			}

			for _, file := range files {
				text, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				tests[pkg] += string(text)
			}
		}

		if test != "panic" && !strings.Contains(tests[pkg], "func "+test+"(t *testing.T)") {
			t.Errorf("%s: %s has no %s", m.name, pkg, test)
		}
	}
}

func TestTheListIsReadAndWritten(t *testing.T) {
	const text = "# for people\n\n== one\nfile: a.go\nrun: ./a TestA\nrun: ./b\ncaught: ./a TestOld\n-- old\n\tx\n\ty\n-- new\n\tz\n\n== two\nfile: b.go\nrun: ./b\n-- old\np\n-- new\nq\n"
	list, err := parse(text)
	if err != nil || len(list) != 2 {
		t.Fatalf("%d mutants, %v", len(list), err)
	}

	one := list[0]
	if one.name != "one" || one.file != "a.go" || one.old != "\tx\n\ty" || one.broken != "\tz" ||
		one.caught != "./a TestOld" ||
		len(one.runs) != 2 ||
		one.runs[0] != (testRun{"./a", "TestA"}) ||
		one.runs[1] != (testRun{"./b", ""}) {
		t.Errorf("%+v", one)
	}

	if got := format(text, list); strings.Replace(got, "\ncaught: ./a TestOld", "",
		1) != strings.Replace(text, "\ncaught: ./a TestOld", "", 1) {
		t.Errorf("written as it was:\n%s", got)
	}

	list[0].caught, list[1].caught = "./b TestNew", "./b TestB"
	again, err := parse(format(text, list))
	if err != nil || again[0].caught != "./b TestNew" || again[1].caught != "./b TestB" ||
		again[0].broken != "\tz" || again[1].old != "p" {
		t.Errorf("%v\n%s", err, format(text, list))
	}

	for _, bad := range []string{"== x\n",
		"== x\nfile: a\nrun: ./a\n-- old\nsame\n-- new\nsame\n", "== x\nfile: a\n-- old\na\n-- new\nb\n",
		"== x\nfile: a\nrun: ./a\nodd: 1\n-- old\na\n-- new\nb\n"} {
		if _, err := parse(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}
