package conformance

import (
	"encoding/json"
	"encoding/xml"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/payhost/payhost/internal/redact"
	kit "github.com/payhost/payhost/sdk/conformance"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// heard runs f as one case and returns what the reporter made of it.
func heard(mask *redact.Set, f func(kit.Reporter)) Result {
	var got Result
	l := &reporter{
		mask:  mask,
		begin: func(name string) *Result { return &Result{Name: name, State: Passed} },
		end:   func(r *Result) { got = *r },
	}
	l.Run("case", f)
	return got
}

func TestWhatACaseFinds(t *testing.T) {
	mask := &redact.Set{}
	mask.Add("canary-1234")
	got := heard(mask, func(r kit.Reporter) {
		r.Run("get_payment", func(r kit.Reporter) {
			r.Errorf("it says canary-1234\n\tThe contract: %q", "a sentence")
			r.Run("deeper", func(r kit.Reporter) { r.FailNow() })
			r.Errorf("and more")
			r.FailNow()
			r.Errorf("never")
		})
		r.Errorf("at the end")
	})

	want := []Failure{
		{"get_payment", "it says [secret]"},
		{"get_payment", "and more"},
		{"", "at the end"},
	}
	if got.State != Failed || len(got.Failures) != len(want) {
		t.Fatalf("got %+v", got)
	}

	for i := range want {
		if got.Failures[i] != want[i] {
			t.Errorf("got %+v, want %+v", got.Failures[i], want[i])
		}
	}

	if quiet := heard(mask, func(kit.Reporter) {}); quiet.State != Passed {
		t.Errorf("got %+v", quiet)
	}
}

// A case that breaks down has proven nothing, and the others still run.
func TestACaseThatPanicsHasFailed(t *testing.T) {
	got := heard(nil, func(kit.Reporter) { panic("no such thing") })
	if got.State != Failed || !strings.Contains(got.Failures[0].Text, "no such thing") {
		t.Errorf("got %+v", got)
	}
}

func TestReportsForMachines(t *testing.T) {
	r := &Report{
		Plugin:   "acme",
		Version:  "1.0.0",
		Started:  time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC),
		Duration: 1500 * time.Millisecond,
		Cases: []Result{
			{Name: "info names", State: Passed, Rule: "Name is …"},
			{
				Name:     "end",
				State:    Failed,
				Rule:     "It <ends> & is gone",
				Failures: []Failure{{"a", "b\x00"}, {"", "c"}},
			},
			{Name: "balances", State: NotNeeded, Why: "the account has no get_balances"},
			{Name: "return", State: NotRun},
		},
	}

	var out strings.Builder
	if err := r.WriteJUnit(&out); err != nil {
		t.Fatal(err)
	}
	var suite junitSuite
	if err := xml.Unmarshal([]byte(out.String()), &suite); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}

	if suite.Tests != 4 || suite.Failures != 2 || suite.Skipped != 1 || suite.Time != "1.500" ||
		!strings.HasPrefix(suite.Cases[1].Failure.Text, "a: b") ||
		suite.Cases[1].Failure.Message != "It <ends> & is gone" {
		t.Errorf("got %s", out.String())
	}

	if r.Ok() || r.Count(Failed) != 1 {
		t.Error("it is not ok")
	}
	r.Cases = r.Cases[:1]
	if !r.Ok() {
		t.Error("it is ok")
	}

	text, err := json.Marshal(r)
	if err != nil || !strings.Contains(string(text), `"state":"passed"`) ||
		!strings.Contains(string(text), `"started_at":"2026-11-28T12:00:00Z"`) {
		t.Errorf("got %s, %v", text, err)
	}
}
