package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

func TestColorsOnlyWhereTheyCanBeSeen(t *testing.T) {
	device, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0) // a device, as a terminal is
	if err != nil {
		t.Fatal(err)
	}
	defer device.Close()

	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()

	for _, c := range []struct {
		name      string
		app       app
		term, not string
		want      bool
	}{
		{"a terminal", app{out: device}, "xterm", "", true},
		{"a file", app{out: file}, "xterm", "", false},
		{"a buffer", app{out: &bytes.Buffer{}}, "xterm", "", false},
		{"NO_COLOR", app{out: device}, "xterm", "1", false},
		{"--no-color", app{out: device, noColor: true}, "xterm", "", false},
		{"a terminal that has none", app{out: device}, "dumb", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("TERM", c.term)
			t.Setenv("NO_COLOR", c.not)
			if got := c.app.colored(); got != c.want {
				t.Errorf("colored is %v", got)
			}
		})
	}
}

// Colors do not move columns: without them the text is that of a plain table.
func TestColoredTablesStandStraight(t *testing.T) {
	print := func(colored bool) string {
		a, out, _ := inProcess()
		tab := a.table()
		tab.colored = colored
		tab.write(
			[]string{"PAYMENT", "STATUS", "AMOUNT"},
			func(string) string { return bold },
		)

		tab.row("pay_1", "succeeded", "60.00 USD")
		tab.row("pay_22", "", "5 EUR")
		tab.row("pay_3", "unknown", "1 EUR")
		tab.print()

		return out.String()
	}

	colored := print(true)
	for _, want := range []string{paint(bold, "STATUS"), paint(green, "succeeded"), paint(yellow, "unknown")} {
		if !strings.Contains(colored, want) {
			t.Errorf("no %q in\n%q", want, colored)
		}
	}

	bare := colored
	for _, code := range []string{plain, bold, green, yellow} {
		bare = strings.ReplaceAll(bare, "\x1b["+code+"m", "")
	}
	bare = strings.ReplaceAll(bare, "\x1b[0m", "")
	if bare != print(false) {
		t.Errorf("with colors:\n%s\nwithout:\n%s", bare, print(false))
	}
}

func TestEveryColorHasTwoDigits(t *testing.T) {
	for status, code := range statusColors {
		if len(code) != 2 {
			t.Errorf("%s has the color %q: tables would not stand straight", status, code)
		}
	}
}

// FuzzPrintable: whatever a provider says, nothing of it controls the terminal
// or breaks a line.
func FuzzPrintable(f *testing.F) {
	for _, s := range []string{"", "plain", "a\tb\nc\r\nd", "\x1b[31mred", "\x9b31m", "\u009b31m", "a\xffb", "\u202eright to left", "é ✓"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for name, got := range map[string]string{"printable": printable(text), "lines": lines(text)} {
			if !utf8.ValidString(got) {
				t.Errorf("%s gives invalid UTF-8: %q", name, got)
			}

			for _, c := range got {
				if (!unicode.IsGraphic(c) || unicode.IsControl(c)) &&
					(c != '\n' || name != "lines") {
					t.Errorf("%s lets %q through", name, c)
				}
			}
		}

		if utf8.ValidString(text) &&
			!strings.ContainsFunc(
				text,
				func(c rune) bool { return !unicode.IsGraphic(c) || c == utf8.RuneError },
			) &&
			printable(text) != text {
			t.Errorf("harmless text is changed: %q", text)
		}
	})
}

func TestTimes(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for d, want := range map[time.Duration]string{
		0: "now", 900 * time.Millisecond: "now", 1500 * time.Millisecond: "1.5s ago", 59*time.Second + 990*time.Millisecond: "59.9s ago",
		61 * time.Second: "1m01s ago", 3 * time.Hour: "3h00m ago", 26 * time.Hour: "1d02h ago", -90 * time.Second: "in 1m30s",
		-200 * time.Millisecond: "now",
	} {
		if got := distance(now.Add(-d), now); got != want {
			t.Errorf("%s ago is %q, want %q", d, got, want)
		}
	}

	if got := after(now.Add(-5*time.Millisecond), now); got != "-5ms" {
		t.Errorf("before the start: %q", got)
	}
	a, _, _ := inProcess()
	if got := a.at(time.Time{}); got != "" {
		t.Errorf("no time: %q", got)
	}
}
