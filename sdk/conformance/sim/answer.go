package sim

import (
	"encoding/json"
	"net/http"
	"net/url"
)

// Reply sends an answer in JSON.
func Reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that went away needs no answer
}

// Config writes a plugin's configuration: texts and lists of texts by key. It
// leaves out keys whose text is empty.
func Config(values map[string]any) string {
	for key, value := range values {
		if value == "" {
			delete(values, key)
		}
	}

	text, err := json.Marshal(values)
	if err != nil {
		panic(err) // texts always encode
	}

	return string(text)
}

// IsURL reports whether text is an absolute http or https address.
func IsURL(text string) bool {
	u, err := url.Parse(text)
	if err != nil {
		return false
	}
	return ((u.Scheme == "http") || (u.Scheme == "https")) && (u.Host != "")
}

// WithQuery adds a query to an address that may have one already.
func WithQuery(address, query string) string {
	u, err := url.Parse(address)
	if (err != nil) || (query == "") {
		return address
	}
	if u.RawQuery != "" {
		query = u.RawQuery + "&" + query
	}
	u.RawQuery = query
	return u.String()
}
