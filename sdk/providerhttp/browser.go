package providerhttp

import "net/url"

// BrowserURL reports whether text is an absolute http or https address that a customer's browser can be sent to. One
// with a user or password in it is not: it would show a customer something else than where it leads.
func BrowserURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil
}
