package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/payhost/payhost/host/payment"
)

// letterOperations are about pushed events that nobody took.
func (a *API) letterOperations(api huma.API) {
	list := operation("list-dead-letters", http.MethodGet, "/dead-letters", "Events", "List dead letters",
		"Events whose pushing to `events.url` was given up, the newest first. They can still be read from the stream.", http.StatusNotFound)
	huma.Register(api, list, func(ctx context.Context, in *struct{ Paging }) (*listed[payment.DeadLetter], error) {
		found, next, err := a.Letters.List(ctx, in.Cursor, in.Limit)
		if err != nil {
			return nil, a.fail(ctx, asks, false, err)
		}
		return pageOf(found, next), nil
	})
	retry := operation("retry-dead-letter", http.MethodPost, "/dead-letters/{id}/retry", "Events", "Retry a dead letter",
		"Pushes the event again, at once and from the beginning of the schedule. Told twice it is still pushed once more only.",
		http.StatusNotFound)
	huma.Register(api, retry, func(ctx context.Context, in *idInput) (*one[payment.DeadLetter], error) {
		l, err := a.Letters.Retry(ctx, in.ID)
		if err != nil {
			return nil, a.fail(ctx, changes, false, err)
		}
		return &one[payment.DeadLetter]{&l}, nil
	})
}
