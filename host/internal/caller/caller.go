// Package caller says who asks a host for something, and what they may do and
// see. It travels in the context of a request, down to what records it.
package caller

import (
	"context"
	"slices"
	"strings"
	"time"
)

// Scope is one power of a token.
type Scope string

// The scopes. The power to write includes that to read.
const (
	PaymentsRead     Scope = "payments:read"
	PaymentsWrite    Scope = "payments:write"
	PayoutsRead      Scope = "payouts:read"
	PayoutsWrite     Scope = "payouts:write"
	RefundsWrite     Scope = "refunds:write"
	EventsRead       Scope = "events:read"
	WebhooksRead     Scope = "webhooks:read"
	WebhooksWrite    Scope = "webhooks:write"
	ProvidersRead    Scope = "providers:read"
	ProvidersOperate Scope = "providers:operate"
	Resolve          Scope = "resolve"
	Admin            Scope = "admin"
)

// Any is for what every token may do. No token has it by name.
const Any Scope = "any"

// Scopes returns all scopes that a token can have.
func Scopes() []Scope {
	return []Scope{
		PaymentsRead, PaymentsWrite, PayoutsRead, PayoutsWrite, RefundsWrite, EventsRead,
		WebhooksRead, WebhooksWrite, ProvidersRead, ProvidersOperate, Resolve, Admin,
	}
}

// includes are the scopes that another one includes.
var includes = map[Scope]Scope{
	PaymentsWrite:    PaymentsRead,
	PayoutsWrite:     PayoutsRead,
	WebhooksWrite:    WebhooksRead,
	ProvidersOperate: ProvidersRead,
}

// The names of the callers that no token names.
const (
	// API is a caller with one of http.tokens, and a Go service that has not
	// said who asks.
	API = "api"
	// AdminSocket is a caller on the admin socket.
	AdminSocket = "admin socket"
	// Host is the host itself.
	Host = "host"
)

// Reserved reports whether a name stands for something else in histories, and
// so cannot be a token's.
func Reserved(name string) bool {
	return slices.Contains([]string{
		API, Host, "call", "poll", "operator", "webhook", "return",
	}, name)
}

// Caller is who asks.
type Caller struct {
	// Name is the actor in histories and in the audit log.
	Name string
	// Token reports whether Name is that of a token or was given by a Go
	// service; otherwise it says only by which way the request came.
	Token bool
	// RequestID names the request, "" for none.
	RequestID string
	// Unlimited callers may do and see everything: Scopes and Providers do not
	// count.
	Unlimited bool
	Scopes    []Scope
	// Providers are the accounts that the caller sees; none: all of them.
	Providers []string
	// Expires is when the token ends, zero for never.
	Expires time.Time
}

// May reports whether the caller has a power.
func (c Caller) May(scope Scope) bool {
	if c.Unlimited || scope == Any {
		return true
	}
	return slices.ContainsFunc(c.Scopes, func(has Scope) bool {
		return has == scope || includes[has] == scope
	})
}

// Sees reports whether the caller sees an account. Another account, and all that
// belongs to it, does not exist for the caller.
func (c Caller) Sees(provider string) bool {
	return c.Only() == nil || slices.Contains(c.Providers, provider)
}

// Only returns the accounts that lists are narrowed to; nil: they are not.
func (c Caller) Only() []string {
	if c.Unlimited || len(c.Providers) == 0 {
		return nil
	}
	return c.Providers
}

// Operator returns how a history names the caller as one who decides: a token by
// its name, any other by the way that the request came.
func (c Caller) Operator() string {
	if c.Token {
		return c.Name
	}
	return "(" + c.Name + ")"
}

type contextKey struct{}

// With returns a context of what a caller asks for.
func With(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, contextKey{}, c)
}

// Of returns who asks. Without a caller in the context it is the service that
// embeds the host, or the host itself, which may do everything; known is then
// false.
func Of(ctx context.Context) (c Caller, known bool) {
	c, known = ctx.Value(contextKey{}).(Caller)
	if !known {
		c = Caller{Name: API, Unlimited: true}
	}
	return c, known
}

// From is Of for those who need not know whether there is a caller.
func From(ctx context.Context) Caller {
	c, _ := Of(ctx)
	return c
}

// Join returns scopes as a text.
func Join(scopes []Scope) string {
	var words []string
	for _, one := range scopes {
		words = append(words, string(one))
	}
	return strings.Join(words, ", ")
}
