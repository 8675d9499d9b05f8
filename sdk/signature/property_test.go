package signature

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/payhost/payhost/sdk/ordered"
)

var (
	genText = rapid.OneOf(
		rapid.String(),
		rapid.StringMatching(`[a-z0-9/<>&'"\\\x00-\x1f\x{2028}\x{1f600}é]{0,6}`),
	)
	genKey = rapid.OneOf(
		rapid.StringMatching(`[0-3]`),
		rapid.StringMatching(`[a-zA-Z_]{0,4}`),
		genText,
	)
	// Negative zero is left out: PHP itself writes the double -0.0 as -0, which
	// it reads back as the integer 0.
	genNumber = rapid.StringMatching(
		`-?[1-9][0-9]{0,20}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?|0(\.[0-9]{0,5}[1-9])?`,
	)
)

func genValue(depth int) *rapid.Generator[ordered.Value] {
	return rapid.Custom(func(t *rapid.T) ordered.Value {
		kinds := 6
		if depth == 0 {
			kinds = 4
		}

		switch ordered.Kind(rapid.IntRange(0, kinds-1).Draw(t, "kind")) {
		case ordered.KindBool:
			return ordered.Bool(rapid.Bool().Draw(t, "bool"))
		case ordered.KindNumber:
			return ordered.Number(genNumber.Draw(t, "number"))
		case ordered.KindString:
			return ordered.String(genText.Draw(t, "string"))
		case ordered.KindArray:
			return ordered.Array(
				rapid.SliceOfN(genValue(depth-1), 0, 4).Draw(t, "items")...)

		case ordered.KindObject:
			var members []ordered.Member
			for _, key := range rapid.SliceOfN(genKey, 0, 5).Draw(t, "keys") {
				members = append(
					members,
					ordered.Pair(key, genValue(depth-1).Draw(t, "value")),
				)
			}

			return ordered.Object(members...)

		default:
			return ordered.Null()
		}
	})
}

func exact(t *rapid.T, v ordered.Value) string {
	out, err := v.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func reparse(t *rapid.T, text string) ordered.Value {
	v, err := ordered.Parse([]byte(text))
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return v
}

// What is written is read back as it was, by this package and, keys apart, by
// encoding/json.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := exact(t, genValue(3).Draw(t, "value"))
		if again := exact(t, reparse(t, text)); again != text {
			t.Fatalf("%q became %q", text, again)
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, []byte(text)); err != nil ||
			compact.String() != text {
			t.Fatalf("not compact JSON: %q, %v", text, err)
		}
	})
}

// Reading and writing as PHP does once is the same as doing it twice, so a
// signature does not depend on how often a body was re-encoded on its way.
func TestPHPJSONIsIdempotent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := genValue(3).Draw(t, "value")
		flags := PHPFlag(rapid.IntRange(0, 7).Draw(t, "flags"))
		once, err := PHPJSON(v, flags)
		if err != nil {
			t.Fatal(err)
		}

		twice, err := PHPJSON(reparse(t, once), flags)
		if err != nil || twice != once {
			t.Fatalf("%q became %q, %v", once, twice, err)
		}

		// The escapes are another spelling of the same value.
		plain, err := PHPJSON(reparse(t, once), flags&KeepObjects)
		if err != nil {
			t.Fatal(err)
		}

		if want, _ := PHPJSON(v, flags&KeepObjects); plain != want {
			t.Fatalf("%q became %q", want, plain)
		}
	})
}

func TestPHPJSONStringsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := genText.Draw(t, "text")
		flags := PHPFlag(rapid.IntRange(0, 3).Draw(t, "flags"))
		text, err := PHPJSON(ordered.String(want), flags)
		if err != nil {
			t.Fatal(err)
		}

		var got string
		if err := json.Unmarshal([]byte(text), &got); err != nil || got != want {
			t.Fatalf("%q became %q, then %q: %v", want, text, got, err)
		}
		if flags&UnescapedUnicode == 0 &&
			strings.ContainsFunc(text, func(r rune) bool { return r > '~'+1 }) {
			t.Fatalf("not ASCII: %q", text)
		}
	})
}

func TestSortingKeepsTheMembers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := genValue(3).Draw(t, "value")
		deep := v.SortKeys()
		if again := exact(t, deep.SortKeys()); again != exact(t, deep) {
			t.Fatalf("sorted twice: %s, then %s", exact(t, deep), again)
		}

		if got, want := exact(t, deep), exact(t, KSort(v).SortKeys()); got != want {
			t.Fatalf("KSort changed the members: %s and %s", want, got)
		}
		keys := keysOf(deep)
		if !slices.IsSorted(keys) {
			t.Fatalf("not sorted: %q", keys)
		}
	})
}

// Among keys that PHP takes for text, and among those that it takes for
// integers, ksort has a plain order.
func TestKSortOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfDistinct(rapid.StringMatching(`[a-zA-Z_][a-zA-Z0-9_-]{0,3}`), rapid.ID).
			Draw(t, "words")
		sorted := keysOf(KSort(objectOf(words)))
		slices.Sort(words)
		if !slices.Equal(sorted, words) {
			t.Fatalf("%q, want %q", sorted, words)
		}

		ints := rapid.SliceOfDistinct(rapid.Int64(), rapid.ID).Draw(t, "ints")
		numbers := make([]string, len(ints))
		for i, n := range ints {
			numbers[i] = ordered.Int(n).Text()
		}

		sorted = keysOf(KSort(objectOf(numbers)))
		slices.Sort(ints)

		for i, n := range ints {
			if sorted[i] != ordered.Int(n).Text() {
				t.Fatalf("%q, want %v", sorted, ints)
			}
		}
	})
}

func objectOf(keys []string) ordered.Value {
	var members []ordered.Member
	for _, key := range keys {
		members = append(members, ordered.Pair(key, ordered.Null()))
	}
	return ordered.Object(members...)
}

func keysOf(v ordered.Value) []string {
	var keys []string
	for _, m := range v.Members() {
		keys = append(keys, m.Key)
	}
	return keys
}

func TestPHPQueryReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fields := rapid.MapOf(genText, genText).Draw(t, "fields")
		var members []ordered.Member
		for key, text := range fields {
			members = append(members, ordered.Pair(key, ordered.String(text)))
		}

		query, err := PHPQuery(ordered.Object(members...))
		if err != nil {
			t.Fatal(err)
		}
		got, err := url.ParseQuery(query)
		if err != nil || len(got) != len(fields) {
			t.Fatalf("%q: %d fields, want %d, %v", query, len(got), len(fields), err)
		}

		for key, text := range fields {
			if got.Get(key) != text {
				t.Fatalf("%q became %q", text, got.Get(key))
			}
		}

		if strings.ContainsAny(query, "~ *") {
			t.Fatalf("not encoded as PHP does: %q", query)
		}
	})
}

func TestEqualAnyIsEqualToOneOfThem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		signature := rapid.StringMatching(`[ab]{0,2}`)
		got, candidates := signature.Draw(
			t,
			"got",
		), rapid.SliceOf(signature).
			Draw(t, "candidates")
		want := got != "" && slices.Contains(candidates, got)
		if EqualAny(got, candidates...) != want {
			t.Fatalf("EqualAny(%q, %q) is not %v", got, candidates, want)
		}
	})
}
