package signature

import (
	"testing"

	"github.com/payhost/payhost/sdk/ordered"
)

// The expectations of these tests are PHP's own: testdata/php82.php wrote them.

func TestPHPNumbersAsPHP(t *testing.T) {
	for _, v := range field(t, load(t, "php82.json"), "numbers").Items() {
		text := field(t, v, "text").Text()
		t.Run(text, func(t *testing.T) {
			got, err := PHPNumber(text)
			if err != nil {
				t.Fatal(err)
			}
			same(t, "string", got, field(t, v, "string").Text())

			want := field(t, v, "json")
			got, err = PHPJSON(ordered.Number(text))
			if want.Kind() != ordered.KindString { // PHP's json_encode answered false
				if err == nil {
					t.Fatalf("PHPJSON wrote %q, PHP refuses", got)
				}
				return
			}

			if err != nil {
				t.Fatal(err)
			}
			same(t, "JSON", got, want.Text())
		})
	}
}

func TestPHPJSONAsPHP(t *testing.T) {
	forms := map[string][]PHPFlag{
		"plain":   nil,
		"slashes": {UnescapedSlashes},
		"unicode": {UnescapedUnicode},
		"both":    {UnescapedSlashes, UnescapedUnicode},
		"objects": {KeepObjects},
	}

	for _, v := range field(t, load(t, "php82.json"), "texts").Items() {
		text := field(t, v, "text").Text()
		t.Run(text, func(t *testing.T) {
			for name, flags := range forms {
				same(
					t,
					name,
					phpJSON(t, parse(t, text), flags...),
					field(t, v, name).Text(),
				)
			}
			same(t, "ksort", phpJSON(t, KSort(parse(t, text))), field(t, v, "ksort").Text())
		})
	}
}

func TestPHPQueryAsPHP(t *testing.T) {
	for _, v := range field(t, load(t, "php82.json"), "queries").Items() {
		text := field(t, v, "text").Text()
		t.Run(text, func(t *testing.T) {
			got, err := PHPQuery(parse(t, text))
			if err != nil {
				t.Fatal(err)
			}
			same(t, "query", got, field(t, v, "query").Text())
		})
	}
}

func TestParseJSONRefusesWhatPHPRefuses(t *testing.T) {
	for _, v := range field(t, load(t, "php82.json"), "refused").Items() {
		if _, err := ordered.Parse([]byte(v.Text())); err == nil {
			t.Errorf("accepted %q", v.Text())
		}
	}
}
