package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/payment"
)

func (a *API) eraseOperations(api huma.API) {
	huma.Register(api, operation{
		id:      "erase-customer",
		method:  http.MethodPost,
		path:    "/erasures",
		tag:     "Host",
		scope:   caller.Admin,
		summary: "Erase a person",
		description: "Overwrites what requests, exchanges, webhooks, events and histories say of the person " +
			"whom requests name by this id, as customer or recipient. Amounts, statuses, references, hashes " +
			"and keys stay. Refused with `conflict`, and nothing is erased, while a payment, payout or " +
			"refund of the person is open; the message names each. It may be repeated.",
		errors: []int{http.StatusConflict},
	}.described(), a.eraseCustomer)
}

// eraseRequest has the id in the body, because addresses are logged.
type eraseRequest struct {
	Customer string `json:"customer" minLength:"1" maxLength:"255" doc:"the id that requests have in customer.id or recipient.id"`
}

type eraseInput struct{ Body eraseRequest }

func (a *API) eraseCustomer(ctx context.Context, in *eraseInput) (*one[payment.Erasure], error) {
	done, err := a.Payments.Erase(ctx, in.Body.Customer)
	if err != nil {
		return nil, a.fail(ctx, changing, err)
	}
	return &one[payment.Erasure]{&done}, nil
}
