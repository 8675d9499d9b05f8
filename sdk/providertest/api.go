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
// calls, and ends it with the test. answer returns the answer to a request as
// JSON; number counts the requests from 0.
//
// API returns the server's address, and a function that returns the requests so
// far. The address has a path that other processes cannot guess: a port may
// have been theirs before, and their stray requests must not count.
func API(
	t testing.TB, answer func(r Received, number int) (status int, body string),
) (address string, asked func() []Received) {
	t.Helper()
	var mu sync.Mutex
	var list []Received
	serve := func(w http.ResponseWriter, r *http.Request) {
		// A request that breaks off is one that the test wants to see.
		body, _ := io.ReadAll(r.Body)
		received := Received{r, string(body)}

		mu.Lock()
		number := len(list)
		list = append(list, received)
		mu.Unlock()

		status, text := answer(received, number)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}

	path := "/" + rand.Text()
	server := httptest.NewServer(http.StripPrefix(path, http.HandlerFunc(serve)))
	t.Cleanup(server.Close)

	return server.URL + path, func() []Received {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(list)
	}
}
