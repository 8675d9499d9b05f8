package providerhttp

import (
	"net/url"
	"path"
	"strings"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
)

// BrowserURL reports whether text is an absolute http or https address that a customer's browser can be sent to. One
// with a user or password in it is not: it would show a customer something else than where it leads.
func BrowserURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil
}

// FindLink gives the first address for a browser in an answer's values, and in what lies directly in them; "" when there is
// none. It is for answers of which the document does not say where the link is.
func FindLink(places ...ordered.Value) string {
	for _, place := range places {
		for _, v := range append([]ordered.Value{place}, place.Elements()...) {
			if BrowserURL(v.Text()) {
				return v.Text()
			}
		}
	}
	return ""
}

// LastSegment gives the last segment of a link's path, unescaped, or "": what a provider calls the payment when its
// answer has a link to the payment page and nothing else.
func LastSegment(link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return ""
	}
	return strings.Trim(path.Base(u.Path), "./")
}

// Redirect gives the payment that most answers to a new one describe: the provider calls it id, and the customer is to
// pay on the page. An answer without either is Unexpected.
func (r *Response) Redirect(id, page string) (*sdk.Payment, error) {
	switch {
	case !BrowserURL(page):
		return nil, r.Unexpected("it has no link to a payment page for a browser")
	case id == "":
		return nil, r.Unexpected("it does not name the payment")
	}
	return &sdk.Payment{
		ProviderReference: id, Status: sdk.PaymentRequiresAction, NextAction: sdk.RedirectTo(page),
	}, nil
}
