package simulator

import (
	"context"
	_ "embed"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"github.com/payhost/payhost/sdk/conformance/fault"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Parse(pageText))

// showPage is where payment_url leads the customer.
func (s *Simulator) showPage(root string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		e, found := s.find(root, r.PathValue("id"))
		if !found {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		_ = page.Execute(w, map[string]any{
			"ID": e.ID, "OrderID": e.OrderID, "Product": e.Details["product"], "Currency": e.Currency,
			"Amount": e.Amount.StringFixed(2), "Open": e.Status == statusInReview, "Paid": e.Status == statusPaid,
			"Sandbox": strings.HasSuffix(root, "/test"),
		})
	}
}

// leavePage ends the payment as the form field result says, and sends the customer back with the signed result. A
// payment that has ended stays as it is: the customer comes back once more.
func (s *Simulator) leavePage(root string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		e, found := s.find(root, r.PathValue("id"))
		if !found {
			http.NotFound(w, r)
			return
		}
		status := statusCanceled
		if r.FormValue("result") == "pay" {
			status = statusPaid
		}
		e = s.settle(e.ID, status)
		to := e.Details["fail_url"]
		if e.Status == statusPaid {
			to = e.Details["success_url"]
		}
		key := s.secretKey
		if s.faults.Take(fault.WrongSignature) {
			key = "not the secret key"
		}
		n := noticeOf(e, key)
		s.send(context.WithoutCancel(r.Context()), to, n)
		http.Redirect(w, r, withQuery(to, n.form(digits)), http.StatusSeeOther)
	}
}

// send posts the result to the same URL, whatever comes of it. The document promises no repeat.
func (s *Simulator) send(ctx context.Context, to string, n notice) {
	if !s.notices {
		return
	}
	s.faults.Send(func() {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, strings.NewReader(n.json()))
		if err != nil {
			return
		}
		req.Header.Set("Content-Type", "application/json")
		if resp, err := s.sender.Do(req); err == nil { //nolint:gosec // success_url is the caller's, and this is a simulator
			_ = resp.Body.Close()
		}
	})
}

func withQuery(address, query string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address // checked when the payment was made
	}
	if u.RawQuery != "" {
		query = u.RawQuery + "&" + query
	}
	u.RawQuery = query
	return u.String()
}
