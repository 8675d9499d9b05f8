package intent

import (
	"maps"
	"slices"

	"github.com/payhost/payhost/host/payment"
)

// moves says which status may follow which, by itself and for each kind. A move
// that is not listed is recorded in the history and changes nothing. Three
// things the table cannot say are in decide.go: a late success is marked as
// such, a contradiction of a success is confirmed by a status query first, and
// a review of the host's own needs evidence that resolves it.
var moves = map[payment.Kind]map[payment.Status][]payment.Status{
	payment.KindPayment: {
		payment.Created: {
			payment.RequiresAction,
			payment.Processing,
			payment.Authorized,
			payment.Succeeded,
			payment.Failed,
			payment.Canceled,
			payment.Expired,
			payment.UnderReview,
			payment.Unknown,
		},
		payment.Unknown: {
			payment.RequiresAction,
			payment.Processing,
			payment.Authorized,
			payment.Succeeded,
			payment.Failed,
			payment.Canceled,
			payment.Expired,
			payment.UnderReview,
		},
		payment.RequiresAction: {payment.Processing, payment.Authorized, payment.Succeeded,
			payment.Failed, payment.Canceled, payment.Expired, payment.UnderReview},
		payment.Processing: {payment.Authorized, payment.Succeeded,
			payment.Failed, payment.Canceled, payment.Expired, payment.UnderReview},
		payment.Authorized: {
			payment.Succeeded,
			payment.Failed,
			payment.Canceled,
			payment.Expired,
			payment.UnderReview,
		},
		payment.Succeeded: {payment.UnderReview},
		payment.Failed:    {payment.Succeeded, payment.UnderReview},
		payment.Canceled:  {payment.Succeeded, payment.UnderReview},
		payment.Expired:   {payment.Succeeded, payment.UnderReview},
		payment.UnderReview: {
			payment.RequiresAction,
			payment.Processing,
			payment.Authorized,
			payment.Succeeded,
			payment.Failed,
			payment.Canceled,
			payment.Expired,
		},
	},
	payment.KindPayout: {
		payment.Created: {
			payment.Processing,
			payment.Succeeded,
			payment.Failed,
			payment.UnderReview,
			payment.Unknown,
		},
		payment.Unknown: {
			payment.Processing,
			payment.Succeeded,
			payment.Failed,
			payment.UnderReview,
		},
		payment.Processing:  {payment.Succeeded, payment.Failed, payment.UnderReview},
		payment.Succeeded:   {payment.UnderReview},
		payment.Failed:      {payment.Succeeded, payment.UnderReview},
		payment.UnderReview: {payment.Processing, payment.Succeeded, payment.Failed},
	},
	payment.KindRefund: {
		payment.Created: {
			payment.Pending,
			payment.Succeeded,
			payment.Failed,
			payment.UnderReview,
			payment.Unknown,
		},
		payment.Unknown: {
			payment.Pending,
			payment.Succeeded,
			payment.Failed,
			payment.UnderReview,
		},
		payment.Pending:     {payment.Succeeded, payment.Failed, payment.UnderReview},
		payment.Succeeded:   {payment.UnderReview},
		payment.Failed:      {payment.Succeeded, payment.UnderReview},
		payment.UnderReview: {payment.Pending, payment.Succeeded, payment.Failed},
	},
}

// Known reports whether a provider can say a status of a kind. Created and
// Unknown are the host's alone.
func Known(kind payment.Kind, s payment.Status) bool {
	_, ok := moves[kind][s]
	return ok && s != payment.Created && s != payment.Unknown
}

// Allowed reports whether a kind may go from one status to another.
func Allowed(kind payment.Kind, from, to payment.Status) bool {
	for _, s := range moves[kind][from] {
		if s == to {
			return true
		}
	}
	return false
}

// Statuses returns all statuses that a kind can have, in the order of their
// names.
func Statuses(kind payment.Kind) []payment.Status {
	return slices.Sorted(maps.Keys(moves[kind]))
}
