package httpapi

import (
	"context"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"
	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/payment"
)

func (a *API) insightOperations(api huma.API) {
	huma.Register(api, operation{
		id:      "list-attention",
		method:  http.MethodGet,
		path:    "/attention",
		tag:     "Host",
		scope:   caller.Resolve,
		summary: "List what waits for an operator",
		description: "Payments, payouts and refunds that are unknown or under review, webhooks that were " +
			"not applied, events that could not be delivered, providers in quarantine, pauses and an expiring " +
			"certificate: the oldest first, each with the commands that end it. `more` names the kinds " +
			"of which there are more than `limit`.",
	}.described(), a.listAttention)

	huma.Register(api, operation{
		id:      "get-provider-history",
		method:  http.MethodGet,
		path:    "/providers/{name}/history",
		tag:     "Providers",
		scope:   caller.ProvidersRead,
		summary: "Read a provider's history",
		description: "How the calls of this host to the provider went, by the minute for `1h` and `24h` and " +
			"by ten minutes for `7d`. It is kept in memory and starts empty with the host.",
		errors: []int{http.StatusNotFound},
	}.described(), a.getProviderHistory)
}

type attentionInput struct {
	Limit int `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"how many of each kind at most"`
}

func (a *API) listAttention(
	ctx context.Context, in *attentionInput,
) (*one[payment.Attention], error) {
	found, err := a.Insight.Attention(ctx, in.Limit)
	if err != nil {
		return nil, a.fail(ctx, reading, err)
	}

	// An item of no account is for those who see all of them.
	who := caller.From(ctx)
	if who.Only() != nil {
		found.Data = slices.DeleteFunc(found.Data, func(item payment.AttentionItem) bool {
			return item.Provider == "" || !who.Sees(item.Provider)
		})
	}
	return &one[payment.Attention]{&found}, nil
}

type historyInput struct {
	Name   string `path:"name" maxLength:"64"`
	Window string `query:"window" enum:"1h,24h,7d" default:"1h" doc:"how far back"`
}

func (a *API) getProviderHistory(
	ctx context.Context, in *historyInput,
) (*one[payment.ProviderHistory], error) {
	found, err := a.Insight.ProviderHistory(in.Name, in.Window)
	if err != nil {
		return nil, a.fail(ctx, reading, err)
	}
	return &one[payment.ProviderHistory]{&found}, nil
}
