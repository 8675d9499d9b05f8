package config

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/sdk"
)

// Token is a bearer token of the API with a name and bounded powers, the table
// [tokens.NAME].
type Token struct {
	// Name is who acts with it, in histories, the audit log and the log; it is
	// written as a provider's. Not one of api, call, host, operator, poll,
	// return and webhook, which are what histories call others.
	Name string
	// Secrets are what the caller sends [secret: a string, or a list while it is
	// being replaced, at most 4]; each may be a reference, and no other token
	// has it. Required.
	Secrets []sdk.Secret
	// Scopes are what it may do [scopes]: payments:read, payments:write,
	// payouts:read, payouts:write, refunds:write, events:read, webhooks:read,
	// webhooks:write, providers:read, providers:operate, resolve and admin.
	// write and operate include read. Required.
	Scopes []string
	// Providers are the accounts that it sees [providers]; to it, others do not
	// exist. Default none: it sees all.
	Providers []string
	// Expires is when it ends [expires]: a date and time with an offset, such as
	// 2027-01-31T00:00:00Z. Default none: never.
	Expires time.Time
}

// Every request is compared with every secret: these bound what it costs.
const (
	maxTokens       = 200
	maxTokenSecrets = 4
)

// token reads the table of one token.
func (l *loader) token(name string, t *table) Token {
	token := Token{Name: name}
	for _, i := range t.texts("secret", "text in quotes or a list of texts", true) {
		token.Secrets = append(token.Secrets, sdk.NewSecret(i.text))
	}
	for _, i := range t.texts("scopes", `a list of texts, such as ["payments:write"]`, false) {
		token.Scopes = append(token.Scopes, i.text)
	}
	for _, i := range t.texts("providers", `a list of texts, such as ["acme"]`, false) {
		token.Providers = append(token.Providers, i.text)
	}
	if given, there := t.values["providers"].([]any); there && len(given) == 0 {
		l.add(join(t.path, "providers"), "is empty; leave it out for all providers")
	}

	t.moment("expires", &token.Expires)
	t.finish("")
	return token
}

// moment reads a date and time with an offset, or a text that holds one.
func (t *table) moment(key string, target *time.Time) {
	const want = "a date and time with an offset, such as 2027-01-31T00:00:00Z"
	value, path, ok := t.get(key)
	t.note(key, kindMoment)
	if !ok {
		return
	}

	switch v := value.(type) {
	case time.Time:
		// The parser calls the zone of what has no offset, or no time, so. It
		// would be another moment on another machine.
		if strings.HasSuffix(v.Location().String(), "-local") {
			t.load.add(path, "must be %s", want)
			return
		}
		*target = v.UTC()

	case string:
		text, _ := t.load.resolve(path, v)
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			if !t.load.unread(path) {
				t.load.add(path, "must be %s", want)
			}
			return
		}
		*target = at.UTC()

	default:
		t.load.wrongType(path, want, value)
	}
}

// checkTokens checks [tokens].
func (c *Config) checkTokens(problems *report) {
	if len(c.Tokens) > maxTokens {
		problems.check("tokens", "has %d tokens; there may be %d", len(c.Tokens), maxTokens)
	}

	// Of a secret that two tokens share it could not be told who acts with it.
	owners := map[string]string{}
	for i, secret := range c.HTTP.Tokens {
		owners[secret.Reveal()] = element("http.tokens", i)
	}

	for i := range c.Tokens {
		token := &c.Tokens[i]
		path := join("tokens", token.Name)
		// They are sorted, so two of one name are neighbors.
		if i > 0 && token.Name == c.Tokens[i-1].Name {
			problems.check(path, "a second token of this name")
		}
		token.check(problems, path)
		token.checkSecrets(problems, path+".secret", owners)
	}
}

// check checks a token's name, scopes and providers.
func (t *Token) check(problems *report, path string) {
	switch {
	case !accountName.MatchString(t.Name):
		problems.check(path,
			"a token's name has 1 to 64 of a-z, 0-9, _ and -, and begins with a letter or a digit")
	case caller.Reserved(t.Name):
		problems.check(path, "histories call another %q; choose another name", t.Name)
	}

	known := []string{}
	for _, scope := range caller.Scopes() {
		known = append(known, string(scope))
	}
	if len(t.Scopes) == 0 && !problems.unread(path+".scopes") {
		problems.check(path+".scopes", "is missing; the scopes are %s", strings.Join(known, ", "))
	}
	for k, scope := range t.Scopes {
		key := element(path+".scopes", k)
		if slices.Contains(known, scope) || problems.unread(key) {
			continue
		}
		if meant := suggest(scope, known); meant != "" {
			problems.check(key, "is not a scope; did you mean %q?", meant)
		} else {
			problems.check(key, "is not a scope; the scopes are %s", strings.Join(known, ", "))
		}
	}

	for k, name := range t.Providers {
		key := element(path+".providers", k)
		if !accountName.MatchString(name) && !problems.unread(key) {
			problems.check(key, "is not the name of a provider")
		}
	}
}

// checkSecrets checks the secrets of a token. owners are the keys of the secrets
// so far.
func (t *Token) checkSecrets(problems *report, key string, owners map[string]string) {
	if len(t.Secrets) == 0 && !problems.unread(key) {
		problems.check(key, `is missing, such as "env:SHOP_TOKEN"`)
	}
	if len(t.Secrets) > maxTokenSecrets {
		problems.check(key, "has %d secrets; there may be %d", len(t.Secrets), maxTokenSecrets)
	}

	for i, secret := range t.Secrets {
		own := problems.oneOf(key, i, len(t.Secrets))
		checkSecret(problems, own, secret, true)
		if secret.IsZero() {
			continue
		}
		if other := owners[secret.Reveal()]; other != "" {
			problems.check(own, "is the same as %s; every token needs its own", other)
		}
		owners[secret.Reveal()] = own
	}
}

// sortTokens sorts tokens by name.
func sortTokens(list []Token) {
	slices.SortStableFunc(list, func(a, b Token) int { return cmp.Compare(a.Name, b.Name) })
}

// TokenWarnings returns a problem for each token that is allowed but odd: it has
// expired, or names a provider that is not configured.
func (c *Config) TokenWarnings(now time.Time) (found []Problem) {
	add := func(key, message string) {
		found = append(found,
			Problem{File: c.File, Line: c.Position(key), Key: key, Message: message})
	}

	for i := range c.Tokens {
		token := &c.Tokens[i]
		path := join("tokens", token.Name)
		if !token.Expires.IsZero() && !now.Before(token.Expires) {
			add(path+".expires", "has passed: the token is refused")
		}
		for k, name := range token.Providers {
			configured := slices.ContainsFunc(c.Providers,
				func(p Provider) bool { return p.Name == name })
			if !configured {
				add(element(path+".providers", k), "no provider is called \""+name+"\"")
			}
		}
	}

	return found
}
