package inbox

import (
	"mime"
	"net/http"

	"github.com/payhost/payhost/sdk"
)

// answerTypes are the media types that an answer to a webhook may have. HTML is
// none of them, and no script: a provider reads the text whatever it is called,
// and a browser must not run what a plugin has written.
var answerTypes = map[string]bool{
	"text/plain":                        true,
	"text/csv":                          true,
	"text/xml":                          true,
	"application/json":                  true,
	"application/problem+json":          true,
	"application/xml":                   true,
	"application/soap+xml":              true,
	"application/x-www-form-urlencoded": true,
	"application/octet-stream":          true,
}

// plainText is the media type of an answer that names none of answerTypes.
const plainText = "text/plain; charset=utf-8"

// maxAnswer bounds the body of an answer to a webhook.
const maxAnswer = 64 << 10

// answer writes what the plugin wants its provider to hear. Only the
// Content-Type of the plugin's headers is taken: the answer is served from the host's own
// address, where a cookie, a redirect or a script would be the host's.
func answer(w http.ResponseWriter, said sdk.HTTPResponse) {
	body := said.Body[:min(len(said.Body), maxAnswer)]
	status := said.Status
	if status == 0 {
		status = http.StatusOK
	}

	harmless(w.Header())
	w.Header().Set("Content-Type", answerType(said.Header.Get("Content-Type")))
	w.WriteHeader(status)
	_, _ = w.Write(body) // a provider that hung up sends it again
}

// harmless sets the headers under which a browser runs nothing of an answer,
// keeps nothing of it and shows it in nobody's frame.
func harmless(header http.Header) {
	header.Set(
		"Content-Security-Policy",
		"sandbox; default-src 'none'; frame-ancestors 'none'",
	)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cache-Control", "no-store")
}

// answerType returns the Content-Type of an answer: the one that the plugin
// asks for when it is among answerTypes, with its charset; else plain text.
func answerType(wanted string) string {
	media, parameters, err := mime.ParseMediaType(wanted)
	if (err != nil) || !answerTypes[media] {
		return plainText
	}

	kept := map[string]string{}
	if charset, ok := parameters["charset"]; ok {
		kept["charset"] = charset
	}
	if written := mime.FormatMediaType(media, kept); written != "" {
		return written
	}

	return plainText
}

// notForServiceWorkers answers 404 to a browser that wants to install what is
// at this address as a service worker: a worker would see every request to the
// host's address from then on, the operator's token included.
func notForServiceWorkers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Service-Worker") != "" {
			harmless(w.Header())
			http.NotFound(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}
