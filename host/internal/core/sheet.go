package core

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/payhost/payhost/host/payment"
)

// sheet is how records of a type become rows of a table. New columns come last:
// what reads the tables may count them.
type sheet[T any] struct {
	columns []string
	cells   func(*T) []string
}

var paymentSheet = sheet[payment.Payment]{
	columns: []string{
		"id", "provider", "status", "review_reason", "amount", "currency", "paid_amount",
		"paid_currency", "merchant_reference", "description", "method", "provider_reference",
		"provider_status", "failure_code", "failure_outcome", "failure_message", "created_at",
		"updated_at", "expires_at", "metadata",
	},
	cells: func(one *payment.Payment) []string {
		paid := ""
		paidCurrency := ""
		expires := ""
		if one.PaidAmount != nil {
			paid = one.PaidAmount.String()
		}

		if one.PaidCurrency != nil {
			paidCurrency = *one.PaidCurrency
		}
		if one.ExpiresAt != nil {
			expires = timeCell(*one.ExpiresAt)
		}

		failure := failureCells(one.Failure)
		return []string{
			one.ID, textCell(one.Provider), string(one.Status), string(one.ReviewReason),
			one.Amount.String(), one.Currency, paid, textCell(paidCurrency),
			textCell(
				one.MerchantReference,
			), textCell(one.Description), textCell(one.Method),
			textCell(one.ProviderReference), textCell(one.ProviderStatus),
			failure[0], failure[1], failure[2],
			timeCell(
				one.CreatedAt,
			), timeCell(one.UpdatedAt), expires, metadataCell(one.Metadata),
		}
	},
}

// payoutSheet has nothing of the recipient: tables are handed around, and whom
// the money went to is personal.
var payoutSheet = sheet[payment.Payout]{
	columns: []string{
		"id", "provider", "status", "review_reason", "amount", "currency", "merchant_reference",
		"description", "method", "provider_reference", "provider_status", "failure_code",
		"failure_outcome", "failure_message", "created_at", "updated_at", "metadata",
	},
	cells: func(one *payment.Payout) []string {
		failure := failureCells(one.Failure)
		return []string{
			one.ID, textCell(one.Provider), string(one.Status), string(one.ReviewReason),
			one.Amount.String(), one.Currency, textCell(one.MerchantReference),
			textCell(
				one.Description,
			), textCell(one.Method), textCell(one.ProviderReference),
			textCell(one.ProviderStatus), failure[0], failure[1], failure[2],
			timeCell(one.CreatedAt), timeCell(one.UpdatedAt), metadataCell(one.Metadata),
		}
	},
}

var refundSheet = sheet[payment.Refund]{
	columns: []string{
		"id", "payment_id", "provider", "status", "review_reason", "amount", "currency", "reason",
		"provider_reference", "provider_status", "failure_code", "failure_outcome",
		"failure_message", "created_at", "updated_at",
	},
	cells: func(one *payment.Refund) []string {
		failure := failureCells(one.Failure)
		return []string{
			one.ID, one.PaymentID, textCell(one.Provider), string(one.Status),
			string(
				one.ReviewReason,
			), one.Amount.String(), one.Currency, textCell(one.Reason),
			textCell(one.ProviderReference), textCell(one.ProviderStatus),
			failure[0], failure[1], failure[2],
			timeCell(one.CreatedAt), timeCell(one.UpdatedAt),
		}
	},
}

var eventSheet = sheet[payment.Event]{
	columns: []string{
		"id", "type", "created_at", "payment_id", "payout_id", "refund_id", "sequence", "provider",
		"status", "amount", "currency", "provider_reference",
	},
	cells: func(one *payment.Event) []string {
		// The columns are of the record that the event is about, as it then
		// was. Data of another form has none of them.
		var about struct {
			Provider          string         `json:"provider"`
			Status            string         `json:"status"`
			Amount            payment.Amount `json:"amount"`
			Currency          string         `json:"currency"`
			ProviderReference string         `json:"provider_reference"`
		}

		amount := ""
		if err := json.Unmarshal(one.Data, &about); err == nil && about.Currency != "" {
			amount = about.Amount.String()
		}

		return []string{
			one.ID, textCell(one.Type), timeCell(one.CreatedAt), one.PaymentID, one.PayoutID,
			one.RefundID, strconv.FormatInt(one.Sequence, 10), textCell(about.Provider),
			textCell(about.Status), amount, textCell(about.Currency),
			textCell(about.ProviderReference),
		}
	},
}

// textCell returns a text as a cell that no spreadsheet takes for a formula:
// one that begins like a formula gets an apostrophe before it. Texts come from
// customers and providers, and a formula can send away what the sheet holds.
func textCell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r\n", rune(text[0])) {
		return "'" + text
	}
	return text
}

func timeCell(at time.Time) string { return at.UTC().Format(time.RFC3339Nano) }

// failureCells returns code, outcome and message of a failure.
func failureCells(failure *payment.Failure) [3]string {
	if failure == nil {
		return [3]string{}
	}
	return [3]string{textCell(failure.Code), failure.Outcome, textCell(failure.Message)}
}

// metadataCell returns the metadata as JSON, "" when there is none.
func metadataCell(metadata map[string]string) string {
	if len(metadata) == 0 {
		return ""
	}
	text, _ := json.Marshal(metadata) // texts always can be written
	return string(text)
}
