package simulator

import (
	"encoding/json"
	"io"
	"net/http"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk/conformance/ledger"
	"github.com/payhost/payhost/sdk/conformance/sim"
)

// The statuses of a payout in the books; those of a finished one are the
// document's.
const (
	statusNew       = "new"
	statusProcessed = "1"
	statusRejected  = "5"
)

// RejectedAccount is the account_number of a recipient who cannot be paid.
// [decided]
const RejectedAccount = "00000000"

// balances are what the merchant holds. Payouts do not change them here.
// [decided]
var balances = []struct {
	Wallet   string          `json:"wallet_type"`
	Currency string          `json:"currency_code"`
	Amount   decimal.Decimal `json:"amount"`
}{
	{"paytm", "INR", decimal.RequireFromString("1000000")},
	{"paytm", "USD", decimal.RequireFromString("-10800.00")},
	{"bkash", "USD", decimal.RequireFromString("9187239.195")},
	{"nagad", "BDT", decimal.RequireFromString("23.9375")},
}

// listBalances says in its own way that the secret is wrong. [doc]
func (s *Simulator) listBalances(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("secret") != s.secret {
		sim.Reply(w, http.StatusOK, map[string]any{
			"status": "error", "code": 30228, "error_message": "Data validation error",
			"errors": map[string]any{
				"target":  "secret",
				"code":    36205,
				"message": "Wrong secret",
			},
		})

		return
	}

	sim.Reply(w, http.StatusOK, map[string]any{
		"status": "success", "message": "", "code": 20000, "data": map[string]any{"balances": balances},
	})
}

// payout is what the document lists, but for what the simulator makes nothing
// of.
type payout struct {
	ID            string      `json:"withdrawal_id"`
	System        string      `json:"payment_system"`
	Amount        json.Number `json:"amount"`
	Currency      string      `json:"currency_code"`
	Label         string      `json:"label"`
	IsTest        *bool       `json:"is_test"`
	AccountNumber string      `json:"account_number"`
	AccountName   string      `json:"account_name"`
	AccountEmail  string      `json:"account_email"`
	Signature     string      `json:"signature"`
}

// payOut makes a second payout of a repeated withdrawal_id: nothing says that
// it is refused.
func (s *Simulator) payOut(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var in payout
	if err != nil || json.Unmarshal(body, &in) != nil {
		fail(w, "The request is not valid JSON.")
		return
	}

	amount, err := decimal.NewFromString(in.Amount.String())
	name := lacks(
		"payment_system",
		in.System,
		"currency_code",
		in.Currency,
		"label",
		in.Label,
		"signature",
		in.Signature,
	)

	switch {
	case name != "":
		fail(w, wrongField(name, "The "+name+" field is required."))
	case in.IsTest == nil:
		fail(w, wrongField("is_test", "The is test field is required."))
	case len(in.Amount) > 18 || err != nil || !amount.IsInteger() || !amount.IsPositive():
		fail(w, wrongField("amount", "The amount must be an integer."))
	case len(in.ID) > 36:
		fail(
			w,
			wrongField(
				"withdrawal_id",
				"The withdrawal id may not be greater than 36 characters.",
			),
		)

	case !s.signedBy(body, in.Signature):
		fail(w, "Wrong signature") // [decided]
	case amount.GreaterThan(s.available(in.Currency)):
		fail(w, wrongField("withdrawals_sum_amount", "Insufficient balance")) // [doc]
	default:
		test := "false"
		if *in.IsTest {
			test = "true"
		}
		if in.ID == "" {
			in.ID = newID() // the system generates one, and does not tell [doc]
		}

		s.Enter(ledger.Entry{
			Kind:      ledger.Payout,
			OrderID:   in.ID,
			Recipient: in.Label,
			Amount:    amount,
			Currency:  in.Currency,
			Status:    statusNew,
			Details: map[string]string{
				"system": in.System, "label": in.Label, "is_test": test, "account_number": in.AccountNumber,
				"account_name": in.AccountName, "account_email": in.AccountEmail,
			},
		}, newID)

		sim.Reply(w, http.StatusOK, map[string]any{"status": "ok"})
		s.finish(in.ID)
	}
}

// available is what all balances of a currency hold, less what is not yet paid
// out. [doc]
func (s *Simulator) available(currency string) decimal.Decimal {
	var sum decimal.Decimal
	for _, b := range balances {
		if b.Currency == currency {
			sum = sum.Add(b.Amount)
		}
	}

	for _, e := range s.Ledger().Entries() {
		if e.Kind == ledger.Payout && e.Currency == currency && e.Status == statusNew {
			sum = sum.Sub(e.Amount)
		}
	}

	return sum
}
