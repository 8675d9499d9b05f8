package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/shopspring/decimal"
)

// hostile is text that controls a terminal: it clears the screen by both kinds
// of escapes, rings, sets the title, turns the direction of writing around, and
// breaks lines.
const hostile = "\x1b[2J\u009b31m\a\x7f\x1b]0;title\x1b\\\u202eright\u2028to\rleft\u200b\U000e0041"

// Nothing that a host answers controls the terminal of the person who asked,
// whichever command it was and in whichever text of the answer it stands.
func TestNothingOfAnAnswerControlsATerminal(t *testing.T) {
	files, err := filepath.Glob("testdata/cases/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	tried := 0

	for _, file := range files {
		c := readCase(t, file)
		if len(c.all("answer")) == 0 {
			continue
		}
		tried++
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			for _, more := range []string{"", "--json"} {
				harmless(t, c, more)
			}
		})
	}

	if tried < 50 {
		t.Errorf("only %d cases have answers", tried)
	}
}

// harmless runs a case whose answers have hostile texts, and looks at what is
// printed.
func harmless(t *testing.T, c *scriptCase, more string) {
	folder := newFolder(t)
	write(t, filepath.Join(folder, "config.toml"), "")

	for _, s := range c.sections {
		if name, ok := strings.CutPrefix(s.name, "file "); ok {
			write(t, filepath.Join(folder, name), s.text)
		}
	}

	h := &fakeHost{}
	for _, text := range c.all("answer") {
		h.answers = append(h.answers, spoiled(text))
	}
	h.listen(t, folder)

	a, out, errs := inProcess()
	a.in = strings.NewReader(c.first("stdin"))
	words := shellWords(t, strings.TrimSpace(c.first("run")))
	words = append(words, "--config", filepath.Join(folder, "config.toml"))
	if more != "" {
		words = append(words, more)
	}

	a.run(words)

	for name, printed := range map[string]*bytes.Buffer{"output": out, "error output": errs} {
		if at := strings.IndexFunc(printed.String(), controls); at >= 0 {
			t.Errorf("%q: the %s has %.40q", words, name, printed.String()[at:])
		}
	}
}

// controls reports whether a character does more at a terminal than to stand
// there. Lines end.
func controls(c rune) bool {
	return ((c != '\n') && !unicode.IsGraphic(c)) || (c == utf8.RuneError)
}

// spoiled puts hostile text behind every text of an answer's JSON that has no
// form of its own, and of its names.
func spoiled(answer string) string {
	head, body, found := strings.Cut(answer, "\n\n")
	var value any
	if !found || (json.Unmarshal([]byte(body), &value) != nil) {
		return answer
	}

	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(spoil(value)); err != nil {
		panic(err) // it was JSON
	}

	// A host may write what JSON allows to stand for itself.
	raw := strings.NewReplacer(`\u007f`, "\x7f", `\u2028`, "\u2028").Replace(text.String())
	return head + "\n\n" + raw
}

func spoil(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for name, inner := range value {
			value[name] = spoil(inner)
		}
	case []any:
		for i, inner := range value {
			value[i] = spoil(inner)
		}

	case string:
		if !formal(value) {
			return value + hostile
		}
	}

	return value
}

// formal reports whether a text must have its form to be read at all.
func formal(text string) bool {
	_, noNumber := decimal.NewFromString(text)
	_, noTime := time.Parse(time.RFC3339, text)
	status := statusColors[text] != ""
	return (noNumber == nil) || (noTime == nil) || status || (text == http.MethodPost)
}
