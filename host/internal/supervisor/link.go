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
	"javascript": true, "vbscript": true, "livescript": true, "mocha": true, "data": true, "file": true,
	"filesystem": true, "blob": true, "about": true, "view-source": true, "jar": true, "resource": true,
	"chrome": true, "chrome-extension": true, "moz-extension": true, "ms-browser-extension": true,
	"feed": true, "wyciwyg": true, "ws": true, "wss": true,
}

// checkLink reports why an address must not be given to a customer; "" when it
// may. A bank's app may have a scheme of its own.
func checkLink(link string) (why string) {
	unseen := func(c rune) bool { return (c < ' ') || (c == 0x7f) }
	if strings.ContainsFunc(link, unseen) {
		return "it has a control character, which browsers leave out"
	}
	found := strings.ToLower(strings.TrimSuffix(scheme.FindString(link), ":"))

	switch {
	case found == "":
		return "it does not begin with a scheme, such as https:"
	case ownSchemes[found]:
		return fmt.Sprintf("%s: is run or read by the browser itself", found)
	case (found == "http") || (found == "https"):
		rest, slashes := strings.CutPrefix(link[len(found)+1:], "//")
		if !slashes || (rest == "") || strings.ContainsRune(`/\?#`, rune(rest[0])) {
			return "it names no server"
		}
	}

	return ""
}

// checkWebLink is checkLink for what a page loads, or sends a form to.
func checkWebLink(link string) (why string) {
	if why := checkLink(link); why != "" {
		return why
	}
	if lower := strings.ToLower(link); !strings.HasPrefix(lower, "https:") &&
		!strings.HasPrefix(lower, "http:") {
		return "it is neither https: nor http:"
	}
	return ""
}

// linked takes out of an answer each address that must not reach a customer.
// The rest of the answer counts: what became of the money is in it.
func linked[R any](l *Lease, do call[R]) call[R] {
	return func(ctx context.Context) (R, error) {
		answer, err := do(ctx)
		if err == nil {
			for _, why := range dropLinks(any(answer)) {
				l.account.log.WarnContext(
					ctx,
					"an address that the plugin gave is not passed on",
					"reason", why,
				)
			}
		}

		return answer, err
	}
}

// dropLinks takes addresses out of an answer, and says why for each.
func dropLinks(answer any) (dropped []string) {
	look := func(p *sdk.Payment) {
		if why := dropAction(p); why != "" {
			dropped = append(dropped, why)
		}
	}

	events := func(list []sdk.Event) {
		for k := range list {
			look(list[k].Payment)
		}
	}

	switch held := answer.(type) {
	case *sdk.Payment:
		look(held)
	case *sdk.ListPaymentsResponse:
		for k := range held.Payments {
			look(&held.Payments[k].Payment)
		}
	case *sdk.Notice:
		events(held.Events)

	case *sdk.Return:
		events(held.Events)
	case []sdk.PaymentMethod:
		for k := range held {
			if why := dropLogo(&held[k]); why != "" {
				dropped = append(dropped, why)
			}
		}
	}

	return dropped
}

// dropAction takes a redirect away that must not be followed. The message,
// which the history keeps, says so.
func dropAction(p *sdk.Payment) (why string) {
	if (p == nil) || (p.NextAction == nil) || (p.NextAction.Redirect == nil) {
		return ""
	}
	redirect, check := p.NextAction.Redirect, checkLink
	if (redirect.Method == "POST") || (len(redirect.Fields) > 0) {
		check = checkWebLink // a form is sent there
	}

	if why = check(redirect.URL); why == "" {
		return ""
	}
	why = "the address of the next action: " + why
	p.NextAction, p.Message = nil, strings.TrimSpace(p.Message+" (not passed on: "+why+")")

	return why
}

// dropLogo takes the address of a picture away that a page must not load.
func dropLogo(m *sdk.PaymentMethod) (why string) {
	if m.LogoURL == "" {
		return ""
	}
	if why = checkWebLink(m.LogoURL); why == "" {
		return ""
	}
	m.LogoURL = ""
	return "the logo of " + m.ID + ": " + why
}
