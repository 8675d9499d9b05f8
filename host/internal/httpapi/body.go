package httpapi

import (
	"encoding/json"
	"errors"

	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// body is the JSON of a request, read into a type of package payment. A value
// that the document lets pass and the type does not is kept as a violation, to
// be reported together with everything else that is wrong.
type body[T any] struct {
	Value T
	wrong []sdk.Violation
}

// UnmarshalJSON fails only for what the document does not let pass either.
func (b *body[T]) UnmarshalJSON(data []byte) error {
	err := json.Unmarshal(data, &b.Value)
	// These fields are texts in the document, which says less about them.
	var unread *payment.Error
	if errors.As(err, &unread) {
		b.wrong = unread.Violations
		return nil
	}
	return err
}

// violations returns what could not be read; nothing when there was no body.
func (b *body[T]) violations() []sdk.Violation {
	if b == nil {
		return nil
	}
	return b.wrong
}

// The following types are how the document shows the requests that have an
// amount, which is a decimal in Go and text in JSON.

type paymentRequest struct {
	Amount string `json:"amount" pattern:"^[0-9]+(\\.[0-9]+)?$" patternDescription:"digits with at most one point, such as \"60.00\"" example:"60.00" doc:"more than zero, in units of the currency"`
	payment.Request
}

type payoutRequest struct {
	Amount string `json:"amount" pattern:"^[0-9]+(\\.[0-9]+)?$" patternDescription:"digits with at most one point, such as \"60.00\"" example:"60.00" doc:"more than zero, in units of the currency"`
	payment.PayoutRequest
}

type refundRequest struct {
	Amount string `json:"amount,omitempty" pattern:"^[0-9]+(\\.[0-9]+)?$" patternDescription:"digits with at most one point, such as \"60.00\"" example:"10.00" doc:"part of the payment; all of it without"`
	payment.RefundRequest
}

type captureRequest struct {
	Amount string `json:"amount,omitempty" pattern:"^[0-9]+(\\.[0-9]+)?$" patternDescription:"digits with at most one point, such as \"60.00\"" example:"60.00" doc:"part of the payment; all of it without"`
}
