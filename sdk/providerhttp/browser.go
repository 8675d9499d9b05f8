package providerhttp

import (
	"net/url"
	"path"
	"strings"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
)

// BrowserURL reports whether text is an absolute http or https address that a
// customer's browser can be sent to. One with a user or password in it is not:
// it would show a customer something else than where it leads.
func BrowserURL(text string) bool {
	address, err := url.Parse(text)
	if err != nil || address.Host == "" || address.User != nil {
		return false
	}
	return address.Scheme == "https" || address.Scheme == "http"
}

// FindLink returns the first address for a browser among an answer's values and
// the values directly in them; "" when there is none. It is for answers whose
// document does not say where the link is.
func FindLink(places ...ordered.Value) string {
	for _, place := range places {
		for _, value := range append([]ordered.Value{place}, place.Elements()...) {
			if BrowserURL(value.Text()) {
				return value.Text()
			}
		}
	}
	return ""
}

// LastSegment returns the last segment of a link's path, unescaped, or "". Some
// providers name the payment there, and answer with nothing but the link to the
// payment page.
func LastSegment(link string) string {
	address, err := url.Parse(link)
	if err != nil {
		return ""
	}
	return strings.Trim(path.Base(address.Path), "./")
}

// Redirect returns the payment that most answers to a new one describe: the
// provider calls it id, and the customer is to pay on the page. An answer
// without either is Unexpected.
func (r *Response) Redirect(id, page string) (*sdk.Payment, error) {
	switch {
	case !BrowserURL(page):
		return nil, r.Unexpected("it has no link to a payment page for a browser")
	case id == "":
		return nil, r.Unexpected("it does not name the payment")
	}

	return &sdk.Payment{
		ProviderReference: id,
		Status:            sdk.PaymentRequiresAction,
		NextAction:        sdk.RedirectTo(page),
	}, nil
}
