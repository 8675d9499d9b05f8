package httpapi

import (
	"context"

	"github.com/payhost/payhost/host/payment"
)

// replayedName is the header of an answer that an earlier request under the
// same key brought about.
const replayedName = "Idempotent-Replayed"

// recorded is the answer to a request under a key: the thing that it brought
// about, as it is now.
type recorded[T any] struct {
	Location string `header:"Location" doc:"where it can be read"`
	Replayed string `header:"Idempotent-Replayed" enum:"true" doc:"the key stood for this already, and nothing was done again"`
	Body     *T
}

func record[T any](body *T, location string, replayed bool) *recorded[T] {
	return &recorded[T]{Body: body, Location: location, Replayed: replayedHeader(replayed)}
}

// replayedHeader is the value of replayedName; "" leaves the header out.
func replayedHeader(replayed bool) string {
	if replayed {
		return "true"
	}
	return ""
}

// one is an answer with one thing.
type one[T any] struct{ Body *T }

// page is one page of a list.
type page[T any] struct {
	Data       []T    `json:"data"`
	NextCursor string `json:"next_cursor,omitempty" doc:"where the next page begins; absent at the end"`
}

// listed is an answer with a page of a list.
type listed[T any] struct{ Body page[T] }

// pageOf makes an answer of a list; an empty one is [] in JSON.
func pageOf[T any](list []T, next string) *listed[T] {
	if list == nil {
		list = []T{}
	}
	return &listed[T]{page[T]{list, next}}
}

// paged answers with a page that was read from a list, or with why it was not.
func paged[T any](
	ctx context.Context, a *API, list []T, next string, err error,
) (*listed[T], error) {
	if err != nil {
		return nil, a.fail(ctx, reading, err)
	}
	return pageOf(list, next), nil
}

// read answers with the thing that an ID names.
func read[T any](
	ctx context.Context, a *API, get func(context.Context, string) (*T, error), id string,
) (*one[T], error) {
	found, err := get(ctx, id)
	if err != nil {
		return nil, a.fail(ctx, reading, err)
	}
	return &one[T]{found}, nil
}

// changed answers with a payment that a call under a key has changed.
func (a *API) changed(
	ctx context.Context, p *payment.Payment, replayed bool, err error,
) (*recorded[payment.Payment], error) {
	if err != nil {
		return nil, a.failUnderKey(ctx, changing, replayed, err)
	}
	return record(p, "", replayed), nil
}
