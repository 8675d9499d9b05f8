package supervisor

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/payhost/payhost/sdk"
)

// scheme is how an address that can be opened begins.
var scheme = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:`)

// ownSchemes are those that mean something to the browser itself, and not to
// another program or server: opened on a merchant's page they run what the
// plugin has written, or read what is the customer's.
var ownSchemes = map[string]bool{
	"about":                true,
	"blob":                 true,
	"chrome":               true,
	"chrome-extension":     true,
	"data":                 true,
	"feed":                 true,
	"file":                 true,
	"filesystem":           true,
	"jar":                  true,
	"javascript":           true,
	"livescript":           true,
	"mocha":                true,
	"moz-extension":        true,
	"ms-browser-extension": true,
	"resource":             true,
	"vbscript":             true,
	"view-source":          true,
	"ws":                   true,
	"wss":                  true,
	"wyciwyg":              true,
}

// checkLink returns why an address must not be given to a customer; "" when it
// may. A bank's app may have a scheme of its own.
func checkLink(link string) (why string) {
	unseen := func(char rune) bool { return (char < ' ') || (char == 0x7f) }
	if strings.ContainsFunc(link, unseen) {
		return "it has a control character, which browsers leave out"
	}

	found := strings.ToLower(strings.TrimSuffix(scheme.FindString(link), ":"))
	switch {
	case found == "":
		return "it does not begin with a scheme, such as https:"
	case ownSchemes[found]:
		return fmt.Sprintf("%s: is run or read by the browser itself", found)
	case (found != "http") && (found != "https"):
		return ""
	}

	// Browsers also accept too few or too many slashes and take a server from
	// the rest, so only the exact form passes.
	rest, slashes := strings.CutPrefix(link[len(found)+1:], "//")
	if !slashes || (rest == "") || strings.ContainsRune(`/\?#`, rune(rest[0])) {
		return "it names no server"
	}

	return ""
}

// checkWebLink is checkLink for an address that a page loads, or sends a form
// to.
func checkWebLink(link string) (why string) {
	if why := checkLink(link); why != "" {
		return why
	}

	lower := strings.ToLower(link)
	if !strings.HasPrefix(lower, "https:") && !strings.HasPrefix(lower, "http:") {
		return "it is neither https: nor http:"
	}
	return ""
}

// linked takes each address out of an answer that must not reach a customer.
// The rest of the answer counts: what became of the money is in it.
func linked(ctx context.Context, c *call) error {
	if err := c.next(ctx); err != nil {
		return err
	}
	for _, why := range dropLinks(c.within.answered()) {
		c.lease.account.log.WarnContext(ctx,
			"an address that the plugin gave is not passed on", "reason", why)
	}
	return nil
}

// dropLinks takes addresses out of an answer, and returns the reason for each.
func dropLinks(answer any) (dropped []string) {
	check := func(payment *sdk.Payment) {
		if why := dropAction(payment); why != "" {
			dropped = append(dropped, why)
		}
	}

	checkEvents := func(events []sdk.Event) {
		for n := range events {
			check(events[n].Payment)
		}
	}

	switch answer := answer.(type) {
	case *sdk.Payment:
		check(answer)
	case *sdk.ListPaymentsResponse:
		for n := range answer.Payments {
			check(&answer.Payments[n].Payment)
		}
	case *sdk.WebhookResult:
		checkEvents(answer.Events)

	case *sdk.Return:
		checkEvents(answer.Events)
	case []sdk.PaymentMethod:
		for n := range answer {
			if why := dropLogo(&answer[n]); why != "" {
				dropped = append(dropped, why)
			}
		}
	}

	return dropped
}

// dropAction takes away a redirect that must not be followed. The message,
// which the history keeps, says so.
func dropAction(payment *sdk.Payment) (why string) {
	if (payment == nil) || (payment.NextAction == nil) {
		return ""
	}
	redirect := payment.NextAction.Redirect
	if redirect == nil {
		return ""
	}

	check := checkLink
	if (redirect.Method == "POST") || (len(redirect.Fields) > 0) {
		check = checkWebLink // a form is sent there
	}
	why = check(redirect.URL)
	if why == "" {
		return ""
	}

	why = "the address of the next action: " + why
	payment.NextAction = nil
	payment.Message = strings.TrimSpace(payment.Message + " (not passed on: " + why + ")")

	return why
}

// dropLogo takes away the address of a picture that a page must not load.
func dropLogo(method *sdk.PaymentMethod) (why string) {
	if method.LogoURL == "" {
		return ""
	}
	why = checkWebLink(method.LogoURL)
	if why == "" {
		return ""
	}
	method.LogoURL = ""
	return "the logo of " + method.ID + ": " + why
}
