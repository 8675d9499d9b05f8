package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/payment"
)

func (a *API) deadLetterOperations(api huma.API) {
	huma.Register(api, operation{
		id:      "list-dead-letters",
		method:  http.MethodGet,
		path:    "/dead-letters",
		tag:     "Events",
		scope:   caller.EventsRead,
		summary: "List dead letters",
		description: "Events whose pushing to `events.url` was given up, the newest first. " +
			"They can still be read from the stream.",
	}.described(), a.listDeadLetters)

	huma.Register(api, operation{
		id:      "retry-dead-letter",
		method:  http.MethodPost,
		path:    "/dead-letters/{id}/retry",
		tag:     "Events",
		scope:   caller.Admin,
		summary: "Retry a dead letter",
		description: "Pushes the event again, at once and from the beginning of the schedule. " +
			"Told twice it is still pushed once more only.",
		errors: []int{http.StatusNotFound},
	}.described(), a.retryDeadLetter)
}

type listDeadLettersInput struct{ Paging }

// Resolve refuses a cursor that is not the ID of an event.
func (in *listDeadLettersInput) Resolve(huma.Context) []error {
	return found(core.CheckEventCursor(in.Cursor))
}

func (a *API) listDeadLetters(
	ctx context.Context, in *listDeadLettersInput,
) (*listed[payment.DeadLetter], error) {
	list, next, err := a.DeadLetters.List(ctx, in.Cursor, in.Limit)
	return paged(ctx, a, list, next, err)
}

func (a *API) retryDeadLetter(ctx context.Context, in *idInput) (*one[payment.DeadLetter], error) {
	letter, err := a.DeadLetters.Retry(ctx, in.ID)
	if err != nil {
		return nil, a.fail(ctx, changing, err)
	}
	return &one[payment.DeadLetter]{&letter}, nil
}
