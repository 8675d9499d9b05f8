package config

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/payhost/payhost/sdk"
)

const twoTokens = `
[providers.acme]
plugin = "acme"
[tokens.shop]
secret = ["new", "old"]
scopes = ["payments:write", "events:read"]
providers = ["acme", "gone"]
expires = 2027-01-31T02:00:00+02:00
[tokens.desk]
secret = "env:DESK"
scopes = ["resolve"]
`

func TestTokensAreReadInOrder(t *testing.T) {
	c := loaded(t, t.TempDir(), twoTokens, map[string]string{"DESK": "from-env"})
	want := []Token{
		{Name: "desk", Secrets: []sdk.Secret{sdk.NewSecret("from-env")}, Scopes: []string{"resolve"}},
		{
			Name:      "shop",
			Secrets:   []sdk.Secret{sdk.NewSecret("new"), sdk.NewSecret("old")},
			Scopes:    []string{"payments:write", "events:read"},
			Providers: []string{"acme", "gone"},
			Expires:   time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC),
		},
	}
	if !reflect.DeepEqual(c.Tokens, want) {
		t.Errorf("got %+v", c.Tokens)
	}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}

// A token that is over, or is for a provider that is not there, is no mistake,
// and is said.
func TestAnOddTokenIsSaid(t *testing.T) {
	c := loaded(t, t.TempDir(), twoTokens, map[string]string{"DESK": "from-env"})
	var keys []string
	for _, problem := range c.TokenWarnings(c.Tokens[1].Expires) {
		keys = append(keys, problem.Key)
		if problem.Line == 0 {
			t.Errorf("%v has no line", problem)
		}
	}
	if got := strings.Join(keys, " "); got != "tokens.shop.expires tokens.shop.providers[1]" {
		t.Errorf("got %s", got)
	}
}

func TestTokensAreBounded(t *testing.T) {
	c := &Config{}
	for range maxTokens + 1 {
		c.Tokens = append(c.Tokens, Token{Name: "a", Secrets: make([]sdk.Secret, maxTokenSecrets+1)})
	}
	err := c.Validate()
	if err == nil || !strings.Contains(err.Error(), "tokens: has 201 tokens; there may be 200") ||
		!strings.Contains(err.Error(), "has 5 secrets; there may be 4") {
		t.Errorf("got %v", err)
	}
}
