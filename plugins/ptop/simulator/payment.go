package simulator

import (
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk/conformance/ledger"
	"github.com/payhost/payhost/sdk/conformance/sim"
)

// The words of payment-check. [doc]
const (
	statusInReview = "0"
	statusPaid     = "1"
	statusCanceled = "2"
)

// createPayment takes its parameters from the query string, in the environment
// whose paths begin with root.
func (s *Simulator) createPayment(root string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		amount, no := s.checkParameters(r, query)
		if no != (refusal{}) {
			sim.Reply(
				w,
				no.status,
				map[string]any{"error": no.words, "http_code": no.status},
			)
			return
		}

		entry := s.Enter(ledger.Entry{
			Kind:     ledger.Payment,
			OrderID:  query.Get("order_id"),
			Amount:   amount,
			Currency: "USD",
			Status:   statusInReview,
			Details: map[string]string{
				"root": root, "product": query.Get("product"), "success_url": query.Get("success_url"), "fail_url": query.Get("fail_url"),
			},
		}, newID)

		sim.Reply(w, http.StatusOK, map[string]any{
			"status": "success", "Code": http.StatusOK, "payment_url": s.Base(r) + root + "/payment/" + entry.ID,
		})
	}
}

func newID() string { return strconv.Itoa(10_000_000 + rand.IntN(90_000_000)) } //nolint:gosec // ids are no secrets

func (s *Simulator) checkParameters(
	r *http.Request,
	query url.Values,
) (decimal.Decimal, refusal) {
	for _, name := range []string{
		"website_id", "secret_key", "amount", "product", "order_id", "currency", "success_url", "fail_url",
	} {
		if query.Get(name) == "" {
			return decimal.Decimal{}, refusal{
				http.StatusBadRequest,
				"The " + name + " field is required.",
			}
		}
	}

	if no := s.identify(r, query.Get("website_id"), query.Get("secret_key")); no != (refusal{}) {
		return decimal.Decimal{}, no
	}
	amount, err := decimal.NewFromString(query.Get("amount"))

	switch {
	case len(query.Get("amount")) > 20 || err != nil:
		return amount, refusal{http.StatusBadRequest, "The amount must be a number."}
	case amount.LessThan(decimal.NewFromInt(1)):
		return amount, refusal{http.StatusBadRequest, "The amount must be at least 1."}
	case query.Get("currency") != "USD":
		return amount, refusal{http.StatusBadRequest, "The selected currency is invalid."}
	case !sim.IsURL(query.Get("success_url")), !sim.IsURL(query.Get("fail_url")):
		return amount, refusal{
			http.StatusBadRequest,
			"The success_url and fail_url must be valid URLs.",
		}
	}

	return amount, refusal{}
}

// checkPayment answers with the status code alone, as a number under status.
// [decided]
func (s *Simulator) checkPayment(root string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			WebsiteID     string `json:"website_id"`
			SecretKey     string `json:"secret_key"`
			TransactionID string `json:"transaction_id"`
		}
		no := refusal{}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil ||
			in.TransactionID == "" {
			no = refusal{http.StatusBadRequest, "The transaction_id field is required."}
		} else {
			no = s.identify(r, in.WebsiteID, in.SecretKey)
		}

		entry, found := s.find(root, in.TransactionID)
		if no == (refusal{}) && !found {
			no = refusal{http.StatusBadRequest, "Transaction not found"}
		}
		if no != (refusal{}) {
			sim.Reply(
				w,
				no.status,
				map[string]any{"error": no.words, "http_code": no.status},
			)
			return
		}

		sim.Reply(
			w,
			http.StatusOK,
			map[string]any{"transaction_id": entry.ID, "status": json.Number(entry.Status)},
		)
	}
}

// find returns a payment of one environment.
func (s *Simulator) find(root, id string) (ledger.Entry, bool) {
	e, found := s.Ledger().Find(ledger.Payment, id)
	return e, found && e.Details["root"] == root
}
