package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// writer writes a configuration in one of the many ways TOML has for the same
// thing, and notes on which line each key comes to stand.
type writer struct {
	*rapid.T
	b     strings.Builder
	lines map[string]int
}

func (w *writer) line() int { return strings.Count(w.b.String(), "\n") + 1 }

func (w *writer) choose(
	of ...string,
) string {
	return rapid.SampledFrom(of).Draw(w.T, "style")
}

// space puts in what may stand between two lines.
func (w *writer) space() {
	w.b.WriteString(w.choose("", "", "\n", "# [comment]\n", "  ", "\t", "\r\n"))
}

func (w *writer) header(path string) {
	w.space()
	w.lines[path] = w.line()
	w.b.WriteString(
		"[" + w.choose(
			"",
			" ",
		) + path + w.choose(
			"",
			" ",
		) + "]" + w.choose(
			"",
			" # x = 1",
			" ",
		) + "\n",
	)
}

func (w *writer) set(table, key, value string) {
	w.space()
	w.lines[join(table, key)] = w.line()
	w.b.WriteString(
		w.key(
			key,
		) + w.choose(
			" = ",
			"=",
			"\t= ",
		) + value + w.choose(
			"",
			" # \"",
			"\r",
		) + "\n",
	)
}

// key writes a bare key bare or in quotes.
func (w *writer) key(key string) string {
	if bareKey(key) {
		return w.choose(key, `"`+key+`"`, "'"+key+"'")
	}
	return strconv.Quote(key)
}

// text writes a string in one of four ways.
func (w *writer) text(s string) string {
	quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`).Replace(s)
	ways := []string{`"` + quoted + `"`, `"""` + w.choose("", "\n") + quoted + `"""`}
	if !strings.ContainsAny(s, "'\n") {
		ways = append(ways, "'"+s+"'", "'''"+w.choose("", "\n")+s+"'''")
	}
	return rapid.SampledFrom(ways).Draw(w.T, "quotes")
}

var (
	keys = rapid.OneOf(
		rapid.StringMatching(`[A-Za-z0-9_-]{1,6}`),
		rapid.StringMatching(`[a-z. \[\]"#=é]{1,6}`),
	)
	texts = rapid.OneOf(
		rapid.StringMatching(`[a-z0-9 #=\[\]{}'",.\\é]{0,12}`),
		rapid.StringMatching("[a-z\n\t\"\\\\]{0,12}"),
	)
)

// value draws a value of a plugin's own table: what to write, and what it
// means.
func (w *writer) value(depth int) (written string, means any) {
	kinds := 5
	if depth == 0 {
		kinds = 3
	}

	switch rapid.IntRange(0, kinds-1).Draw(w.T, "kind") {
	case 0:
		s := texts.Draw(w.T, "text")
		return w.text(s), s
	case 1:
		n := rapid.Int64().Draw(w.T, "number")
		return strconv.FormatInt(n, 10), n
	case 2:
		b := rapid.Bool().Draw(w.T, "bool")
		return strconv.FormatBool(b), b

	case 3:
		list, row := []any{}, "["
		for range rapid.IntRange(0, 3).Draw(w.T, "length") {
			item, v := w.value(depth - 1)
			list, row = append(list, v), row+w.choose("", "\n", " # ]\n ")+item+","
		}

		return row + w.choose("", "\n") + "]", list
	}

	table, rows := map[string]any{}, []string{}
	for _, key := range rapid.SliceOfNDistinct(keys, 0, 3, rapid.ID[string]).Draw(w.T, "keys") {
		item, v := w.value(depth - 1)
		table[key], rows = v, append(rows, w.key(key)+" = "+item)
	}

	return "{ " + strings.Join(rows, ", ") + " }", table
}

// provider writes one account, in the order and with the keys that it likes.
func (w *writer) provider(name string) Provider {
	path := "providers." + name
	w.header(path)
	p := Provider{
		Name:          name,
		Plugin:        "plugin",
		Enabled:       true,
		Timeout:       defaultTimeout,
		MaxInFlight:   defaultInFlight,
		DrainTimeout:  defaultDrain,
		PaymentTTL:    defaultTTL,
		SequenceStart: defaultSequence,
		Isolation:     IsolationSystem,
	}

	w.set(path, "plugin", w.text(p.Plugin))
	if rapid.Bool().Draw(w.T, "all keys") {
		p.Enabled, p.Required = rapid.Bool().
			Draw(w.T, "enabled"),
			rapid.Bool().
				Draw(w.T, "required")
		p.Timeout = time.Duration(
			rapid.Int64Range(int64(time.Millisecond), int64(5*time.Minute)).
				Draw(w.T, "timeout"),
		)

		p.MaxInFlight = rapid.IntRange(1, 10000).Draw(w.T, "in flight")
		p.SequenceStart = rapid.Uint64Range(1, 1<<63-1).Draw(w.T, "sequence")
		p.Isolation = rapid.SampledFrom([]string{IsolationSystem, IsolationStrict}).
			Draw(w.T, "isolation")
		w.set(path, "isolation", w.text(p.Isolation))
		w.set(path, "enabled", fmt.Sprint(p.Enabled))
		w.set(path, "required", fmt.Sprint(p.Required))
		w.set(path, "timeout", w.text(p.Timeout.String()))

		w.set(path, "max_in_flight", fmt.Sprint(p.MaxInFlight))
		w.set(path, "sequence_start", fmt.Sprint(p.SequenceStart))
	}

	own := map[string]any{}
	path += ".config"
	w.header(path)

	for _, key := range rapid.SliceOfNDistinct(keys, 0, 5, rapid.ID[string]).Draw(w.T, "own keys") {
		row, v := w.value(3)
		own[key] = v
		w.set(path, key, row)
	}

	var err error
	if p.Config, err = encode(own); err != nil {
		w.Fatal(err)
	}

	return p
}

func TestWhatIsWrittenIsLoaded(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := &writer{T: rt, lines: map[string]int{}}
		want := map[string]Provider{}
		for _, name := range rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z0-9][a-z0-9_-]{0,8}`), 0, 4, rapid.ID[string]).Draw(rt, "names") {
			want[name] = w.provider(name)
		}

		text := w.b.String()
		c, err := loadString(text)
		if err != nil {
			rt.Fatalf("%v\n%s", err, text)
		}

		if len(c.Providers) != len(want) {
			rt.Fatalf("%d providers, want %d", len(c.Providers), len(want))
		}

		for i, p := range c.Providers {
			if !p.Same(want[p.Name]) {
				rt.Fatalf(
					"got\n%+v\n%s\nwant\n%+v\n%s\nfrom\n%s",
					p,
					p.Config,
					want[p.Name],
					want[p.Name].Config,
					text,
				)
			}

			if i > 0 && p.Name <= c.Providers[i-1].Name {
				rt.Fatal("providers are not sorted")
			}
		}

		for key, line := range w.lines {
			if got := c.Position(key); got != line {
				rt.Fatalf("%s is on line %d, want %d, in\n%s", key, got, line, text)
			}
		}
	})
}

// Whatever the bytes, Load gives a Config or Problems that say where.
func FuzzLoad(f *testing.F) {
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

	f.Add(withSecrets)
	f.Add(everyForm)
	f.Fuzz(func(t *testing.T, text string) {
		c, err := loadString(text)
		if err == nil {
			if err := c.Validate(); err != nil {
				t.Fatalf("Validate refuses what Load accepts: %v", err)
			}
			return
		}

		var problems *Problems
		if c != nil || !errors.As(err, &problems) || len(*problems) == 0 {
			t.Fatalf("%+v, %T", c, err)
		}
		last := 0

		for _, p := range *problems {
			if p.Line < last || p.Line > strings.Count(text, "\n")+1 || p.Message == "" ||
				strings.Contains(p.String(), "\n") {
				t.Errorf("problem %+v", p)
			}

			last = p.Line
		}
	})
}
