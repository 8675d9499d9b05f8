package providertest

import (
	"crypto/rand"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
)

// Received is a request as the provider's API got it.
type Received struct {
	*http.Request
	Body string
}

// API starts a server in the place of a provider's API, for tests of single
// calls: answer gives what it answers to the request that is the number-th,
// from 0, as JSON. It gives the server's address, with a path that nobody can
// guess, so that stray requests of other processes to a port that was theirs
// before do not count; and what it was asked so far.
func API(
	t testing.TB,
	answer func(r Received, number int) (status int, body string),
) (address string, asked func() []Received) {
	t.Helper()
	var mu sync.Mutex
	var list []Received
	path := "/" + rand.Text()
	s := httptest.NewServer(
		http.StripPrefix(
			path,
			http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(
					r.Body,
				) // half of a request is what the test is to see
				got := Received{r, string(body)}
				mu.Lock()
				number := len(list)
				list = append(list, got)
				mu.Unlock()

				status, text := answer(got, number)
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(status)
				_, _ = io.WriteString(w, text)
			}),
		),
	)

	t.Cleanup(s.Close)
	return s.URL + path, func() []Received {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(list)
	}
}
