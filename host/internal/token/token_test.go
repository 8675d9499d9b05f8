package token

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// signer returns the ring of a host that has had one key only.
func signer(t interface{ Fatal(...any) }) Ring {
	records := []Record{{ID: "k1", Stored: strings.Repeat("ab", 32)}}
	ring, err := NewRing(records, nil, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func TestATokenIsGoodForItsOwnPurposeOnly(t *testing.T) {
	k := signer(t)
	purposes := []Purpose{Webhook, Account, Return, Cancel}
	for _, minted := range purposes {
		tok := k.Mint(minted, "pay_1")
		for _, asked := range purposes {
			subject, ok := k.Check(asked, tok)
			if ok != (minted == asked) {
				t.Errorf("a %s token on the %s path: ok = %v", minted, asked, ok)
			}
			if ok && subject != "pay_1" {
				t.Errorf("subject = %q", subject)
			}
		}
	}
}

func TestATokenIsStableSoThatARepeatSendsTheSameURL(t *testing.T) {
	k := signer(t)
	first, second := k.Mint(Webhook, "pay_1"), k.Mint(Webhook, "pay_1")
	if first != second {
		t.Fatal("two tokens for one subject")
	}
}

func TestAnyChangeOfATokenIsRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := signer(t)
		tok := []byte(k.Mint(Return, "pay_06abc"))
		pos := rapid.IntRange(0, len(tok)-1).Draw(t, "pos")
		to := rapid.Byte().Draw(t, "to")
		if tok[pos] == to {
			return
		}

		tok[pos] = to
		if _, ok := k.Check(Return, string(tok)); ok {
			t.Fatalf("accepted %q", tok)
		}
	})
}

func TestJunkIsRefused(t *testing.T) {
	for _, tok := range []string{"", ".", "pay_1", "pay_1.", ".x", strings.Repeat("a", 1000)} {
		if _, ok := signer(t).Check(Webhook, tok); ok {
			t.Errorf("accepted %q", tok)
		}
	}
}

func TestADamagedKeyIsAnError(t *testing.T) {
	for _, text := range []string{"", "zz", "abcd", newKey() + "00"} {
		if _, err := parseKey(text); err == nil {
			t.Errorf("accepted %q", text)
		}
	}
	if _, err := parseKey(newKey()); err != nil {
		t.Error(err)
	}
}

func TestMaskHidesTokensWhereverTheyStand(t *testing.T) {
	id := "pay_06gzt4tvpxtms5sz153ynfdkeg"
	tok := signer(t).Mint(Webhook, id)
	for _, text := range []string{tok, "https://h.example/webhooks/acme/" + tok + "?x=1", `{"ipn_url":"https:\/\/h\/` + tok + `"}`, "u=https%3A%2F%2Fh%2F" + tok + "&b=c"} {
		got := Mask(text)
		if strings.Contains(got, strings.TrimPrefix(tok, id)) ||
			!strings.Contains(got, id+".[token]") {
			t.Errorf("%q became %q", text, got)
		}
	}

	if plain := "order " + id + ". Thank you"; Mask(plain) != plain {
		t.Errorf("%q became %q", plain, Mask(plain))
	}
}
