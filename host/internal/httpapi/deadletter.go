package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/payment"
)

type listLettersInput struct{ Paging }

// Resolve refuses a cursor that is no event's id.
func (in *listLettersInput) Resolve(huma.Context) []error {
	return found(core.CheckEventCursor(in.Cursor))
}

// letterOperations are about pushed events that nobody took.
func (a *API) letterOperations(api huma.API) {
	list := operation(
		"list-dead-letters",
		http.MethodGet,
		"/dead-letters",
		"Events",
		"List dead letters",
		"Events whose pushing to `events.url` was given up, the newest first. They can still be read from the stream.",
	)

	huma.Register(
		api,
		list,
		func(ctx context.Context, in *listLettersInput) (*listed[payment.DeadLetter], error) {
			found, next, err := a.DeadLetters.List(ctx, in.Cursor, in.Limit)
			if err != nil {
				return nil, a.fail(ctx, asks, false, err)
			}
			return pageOf(found, next), nil
		},
	)

	retry := operation(
		"retry-dead-letter",
		http.MethodPost,
		"/dead-letters/{id}/retry",
		"Events",
		"Retry a dead letter",
		"Pushes the event again, at once and from the beginning of the schedule. Told twice it is still pushed once more only.",
		http.StatusNotFound,
	)

	huma.Register(
		api,
		retry,
		func(ctx context.Context, in *idInput) (*one[payment.DeadLetter], error) {
			l, err := a.DeadLetters.Retry(ctx, in.ID)
			if err != nil {
				return nil, a.fail(ctx, changes, false, err)
			}
			return &one[payment.DeadLetter]{&l}, nil
		},
	)
}
