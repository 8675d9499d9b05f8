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

// The places where wrong plugins are. Each has a column of CASES.md, behind the
// case and its sentence.
const (
	Reference = "plugins/reference"
	Kit       = "sdk/conformance"
)

// tableHead begins the table of CASES.md.
const tableHead = "| case | the contract says | wrong in " + Reference + " | wrong in " + Kit + " |\n" +
	"|---|---|---|---|\n"

var update = flag.Bool("update", false, "write this package's column of CASES.md anew")

// Listed makes sure that CASES.md, which is at path, has every case of the kit
// with its sentence of the contract, the wrong plugins of this place for each,
// and no case without any. The other place's are looked at by that package's
// test.
func Listed(t *testing.T, path, place string, list []Wrong) {
	t.Helper()
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
		if (line != "") && !strings.Contains(string(got), line+"\n") {
			t.Errorf("%s lacks the row (go test -update writes it)\n\t%s", path, line)
		}
	}

	if !t.Failed() && (want != string(got)) {
		t.Errorf("%s has rows that should not be there, or not in this order: "+
			"go test -update writes it anew", path)
	}

	for _, name := range without {
		t.Errorf(
			"no plugin is wrong on purpose for the case %q: who says that it catches anything?",
			name,
		)
	}
}

// table returns CASES.md as it should be, and the names of the cases without
// any wrong plugin. The text before its table stays, and so does the column of
// the other place.
func table(
	text, place string, cases []conformance.Case, list []Wrong,
) (want string, without []string) {
	before, rows, _ := strings.Cut(text, tableHead)
	listed := columnsOf(rows)

	var out strings.Builder
	out.WriteString(before + tableHead)

	first := conformance.Case{
		Name: start,
		Rule: "(The plugin starts, says what it is, and takes the configuration.)",
	}
	for _, c := range append([]conformance.Case{first}, cases...) {
		columns := listed[c.Name]
		if columns == nil {
			columns = []string{"", ""}
		}
		mine := slices.Index([]string{Reference, Kit}, place)
		columns[mine] = strings.Join(names(list, c.Name), ", ")
		if columns[0]+columns[1] == "" {
			without = append(without, c.Name)
		}

		rule := strings.ReplaceAll(c.Rule, "|", "\\|")
		fmt.Fprintf(&out, "| %s | %s | %s | %s |\n", c.Name, rule, columns[0], columns[1])
	}

	return out.String(), without
}

// columnsOf reads the wrong plugins of both places, by case.
func columnsOf(rows string) map[string][]string {
	columns := map[string][]string{}
	for _, row := range strings.Split(rows, "\n") {
		cells := strings.Split(row, " | ")
		if len(cells) == 4 {
			name := strings.TrimPrefix(cells[0], "| ")
			columns[name] = []string{cells[2], strings.TrimSuffix(cells[3], " |")}
		}
	}
	return columns
}

// names returns the wrong plugins that are there for a case.
func names(list []Wrong, name string) []string {
	var found []string
	for _, wrong := range list {
		if _, ok := wrong.Caught[name]; ok {
			found = append(found, wrong.Name)
		}
	}
	return found
}
