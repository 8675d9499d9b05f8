package kittest

import (
	"slices"
	"strings"
	"testing"

	"github.com/payhost/payhost/sdk/conformance"
)

// saying is a wrong plugin of which the kit says this, in the part.
func saying(part, says string) Wrong {
	return Wrong{
		Name:   "w",
		Caught: map[string]string{"balances": "too much"},
		Run: func(r *Recorder) {
			r.Run(part, func(r conformance.Reporter) { r.Errorf("%s", says) })
		},
	}
}

func TestEscapes(t *testing.T) {
	const quote = "\n\tThe contract: \"GetBalances asks.\""
	for says, want := range map[string]string{
		"it is too much" + quote:                  "",
		"it is too much":                          "not caught",
		"it is too little" + quote:                "not caught",
		"too much: &{Payment:<nil>}" + quote:      "nobody can read",
		"too much: {P:0x1400012c5a0 Q:1}" + quote: "nobody can read",
	} {
		got := strings.Join(saying("balances", says).escapes("balances"), "; ")
		if (want == "" && got != "") || !strings.Contains(got, want) {
			t.Errorf("%q: got %q, want %q", says, got, want)
		}
	}

	if got := saying("start", "too much"+quote).escapes("balances"); len(got) == 0 ||
		!strings.Contains(got[0], "outside the case") {
		t.Errorf("a plugin that does not start: got %q", got)
	}

	if got := saying("health", "too much"+quote).escapes("balances"); len(got) != 1 {
		t.Errorf("another case was run: got %q", got)
	}
}

func TestTable(t *testing.T) {
	const (
		head = "# Cases\n\n| case | the contract says | wrong in plugins/reference | wrong in sdk/conformance |\n|---|---|---|---|\n"
		old  = head + "| start | old | gone | silence |\n| gone | old | a | b |\n| health | old |  | deaf, mute |\n"
	)
	cases := []conformance.Case{
		{Name: "health", Rule: "It is a|b."},
		{Name: "balances", Rule: "It asks."},
	}

	list := []Wrong{
		{Name: "ill", Caught: map[string]string{"health": "x"}},
		{Name: "ill too", Caught: map[string]string{"health": "x"}},
	}
	got, without := table(old, Reference, cases, list)
	want := head + "| start | (The plugin starts, says what it is, and takes the configuration.) |  | silence |\n" +
		"| health | It is a\\|b. | ill, ill too | deaf, mute |\n| balances | It asks. |  |  |\n"
	if got != want || !slices.Equal(without, []string{"balances"}) {
		t.Errorf("got %q\n%s", without, got)
	}

	if again, _ := table(got, Reference, cases, list); again != got {
		t.Errorf("what was written is read as\n%s", again)
	}
}
