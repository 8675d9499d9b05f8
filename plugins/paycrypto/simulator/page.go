package simulator

import (
	_ "embed"
	"html/template"
	"net/http"
	"net/url"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// words are what the page calls a status.
var words = map[string]string{
	StatusSuccess: "paid", StatusConfirming: "confirming", StatusAbnormal: "abnormal", StatusFailed: "failed",
	StatusCanceled: "canceled", StatusExpired: "expired", StatusRefunding: "refunding", StatusRefunded: "refunded",
	StatusNoRefund: "refund failed",
}

// showPage is where redirect_url leads the customer.
func (s *Simulator) showPage(w http.ResponseWriter, r *http.Request) {
	e, found := s.find(r.URL.Query().Get("id"), "")
	if !found {
		http.NotFound(w, r)
		return
	}
	company := e.Details["company_name"]
	if company == "" {
		company = "Simulated Limited"
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	_ = pageTemplate.Execute(w, map[string]any{
		"ID": e.ID, "OrderID": e.OrderID, "Company": company, "Currency": e.Currency, "Amount": e.Amount.String(),
		"Open": e.Status == StatusPending, "Status": words[e.Status],
	})
}

// leavePage ends the order as the form field result says, sends the webhook, and the customer back to return_url or,
// without one, to the page. An order that has ended stays as it is: the customer comes back once more.
func (s *Simulator) leavePage(w http.ResponseWriter, r *http.Request) {
	e, found := s.find(r.URL.Query().Get("id"), "")
	if !found {
		http.NotFound(w, r)
		return
	}
	status, reason := StatusCanceled, "Canceled by user"
	if r.PostFormValue("result") == "pay" {
		status, reason = StatusSuccess, "Approved"
	}
	e = s.change(e.ID, status, reason, true)
	location := "?id=" + url.QueryEscape(e.ID)
	if to, err := url.Parse(e.Details["return_url"]); err == nil && to.Host != "" {
		if to.RawQuery != "" {
			to.RawQuery += "&"
		}
		to.RawQuery += outcome(e).Encode()
		location = to.String()
	}
	w.Header().Set("Location", location) // as it is: http.Redirect does not know the prefix under which this is served
	w.WriteHeader(http.StatusSeeOther)
}
