package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/payment"
)

func (a *API) eventOperations(api huma.API) {
	huma.Register(api, operation{
		id:      "list-events",
		method:  http.MethodGet,
		path:    "/events",
		tag:     "Events",
		scope:   caller.EventsRead,
		summary: "Read events",
		description: "Oldest first, in one order for everything. Keep the id of the last one and go on after it; " +
			"`next_cursor` is that id as long as there may be more.",
	}.described(), a.listEvents)
}

type listEventsInput struct {
	After string   `query:"after" maxLength:"64" doc:"the id of the last event you have; without it the stream begins at its first"`
	Limit int      `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"how many at most"`
	Types []string `query:"types" maxItems:"50" doc:"only these, separated by commas: payment.succeeded, payout.*"`
}

// Resolve refuses a text that is not the ID of an event.
func (in *listEventsInput) Resolve(huma.Context) []error {
	return found(core.CheckEventID(in.After))
}

func (a *API) listEvents(ctx context.Context, in *listEventsInput) (*listed[payment.Event], error) {
	events, err := a.Payments.Events(ctx, in.After, in.Types, in.Limit)
	next := "" // a short page is the last one for now
	if len(events) == in.Limit {
		next = events[len(events)-1].ID
	}
	return paged(ctx, a, events, next, err)
}
