package kittest

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/payhost/payhost/sdk/conformance"
)

// The places where wrong plugins are. Each has a column of CASES.md, behind the case and its sentence.
const (
	Reference = "plugins/reference"
	Kit       = "sdk/conformance"
)

var update = flag.Bool("update", false, "write this package's column of CASES.md anew")

// Listed makes sure that CASES.md, which is at path, has every case of the kit with its sentence of the contract, the
// wrong plugins of this place for each, and none without any. The other place's are looked at by that package's test.
func Listed(t *testing.T, path, place string, list []Wrong) {
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want, without := table(string(got), place, conformance.Cases(), list)
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, line := range strings.Split(want, "\n") {
		if !strings.Contains(string(got), line+"\n") && line != "" {
			t.Errorf("%s lacks the row (go test -update writes it)\n\t%s", path, line)
		}
	}
	if !t.Failed() && want != string(got) {
		t.Errorf("%s has rows that should not be there, or not in this order: go test -update writes it anew", path)
	}
	for _, name := range without {
		t.Errorf("no plugin is wrong on purpose for the case %q: who says that it catches anything?", name)
	}
}

// table gives CASES.md as it should be: the text before its table stays, and so does the column of the other place. It
// names the cases without any wrong plugin.
func table(text, place string, cases []conformance.Case, list []Wrong) (want string, without []string) {
	const head = "| case | the contract says | wrong in " + Reference + " | wrong in " + Kit + " |\n|---|---|---|---|\n"
	before, rows, _ := strings.Cut(text, head)
	theirs := map[string][]string{}
	for _, row := range strings.Split(rows, "\n") {
		if cells := strings.Split(row, " | "); len(cells) == 4 {
			theirs[strings.TrimPrefix(cells[0], "| ")] = []string{cells[2], strings.TrimSuffix(cells[3], " |")}
		}
	}
	var out strings.Builder
	out.WriteString(before + head)
	all := append([]conformance.Case{{Name: start, Rule: "(The plugin starts, says what it is, and takes the configuration.)"}}, cases...)
	for _, c := range all {
		columns := theirs[c.Name]
		if columns == nil {
			columns = []string{"", ""}
		}
		columns[slices.Index([]string{Reference, Kit}, place)] = strings.Join(names(list, c.Name), ", ")
		if columns[0]+columns[1] == "" {
			without = append(without, c.Name)
		}
		rule := strings.ReplaceAll(c.Rule, "|", "\\|")
		fmt.Fprintf(&out, "| %s | %s | %s | %s |\n", c.Name, rule, columns[0], columns[1])
	}
	return out.String(), without
}

// names gives the wrong plugins that are there for a case.
func names(list []Wrong, name string) (out []string) {
	for _, w := range list {
		if _, ok := w.Caught[name]; ok {
			out = append(out, w.Name)
		}
	}
	return out
}
