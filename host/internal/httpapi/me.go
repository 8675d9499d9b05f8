package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/payhost/payhost/host/internal/caller"
)

func (a *API) meOperation(api huma.API) {
	huma.Register(api, operation{
		id:      "get-me",
		method:  http.MethodGet,
		path:    "/me",
		tag:     "Host",
		scope:   caller.Any,
		summary: "Read who you are",
		description: "The token's name, which is the actor in histories and in the audit log, what it may " +
			"do, the providers that it sees, and when it ends.",
	}.described(), a.getMe)
}

type me struct {
	Name      string         `json:"name" doc:"the token's name; api for one of http.tokens"`
	Scopes    []caller.Scope `json:"scopes" doc:"what it may do; write and operate include read"`
	Providers []string       `json:"providers" doc:"the providers that it sees"`
	ExpiresAt *time.Time     `json:"expires_at" doc:"when it ends; null: never"`
}

func (a *API) getMe(ctx context.Context, _ *struct{}) (*one[me], error) {
	who := caller.From(ctx)
	answer := &me{Name: who.Name, Scopes: who.Scopes, Providers: []string{}}
	if who.Unlimited {
		answer.Scopes = caller.Scopes()
	}
	for _, status := range seenBy(ctx, a.Providers.Providers()) {
		answer.Providers = append(answer.Providers, status.Name)
	}
	if !who.Expires.IsZero() {
		answer.ExpiresAt = &who.Expires
	}
	return &one[me]{answer}, nil
}
