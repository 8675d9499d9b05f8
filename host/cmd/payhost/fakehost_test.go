package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// fakeHost answers on an admin socket what it was told to, and notes what it
// was asked.
type fakeHost struct {
	mu       sync.Mutex
	answers  []string
	requests bytes.Buffer
	// hold, when set, is called with each request before it is answered.
	hold func(*http.Request)
}

func (h *fakeHost) listen(t *testing.T, folder string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(folder, "var"), 0o700); err != nil {
		t.Fatal(err)
	}
	l, err := new(
		net.ListenConfig,
	).Listen(context.Background(), "unix", filepath.Join(folder, "var", socketName))
	if err != nil {
		t.Fatal(err)
	}

	s := &http.Server{Handler: h}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.Serve(l) // ends with Close
	}()

	t.Cleanup(func() {
		_ = s.Close()
		<-ended
	})
}

func (h *fakeHost) left() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.answers)
}

func (h *fakeHost) seen() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.requests.String()
}

func (h *fakeHost) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h.hold != nil {
		h.hold(r)
	}
	h.mu.Lock()
	defer h.mu.Unlock()

	note(&h.requests, r)
	if len(h.answers) == 0 {
		http.Error(w, "nobody expected this request", http.StatusInternalServerError)
		return
	}

	head, body, _ := strings.Cut(h.answers[0], "\n\n")
	h.answers = h.answers[1:]
	if strings.TrimSpace(head) == "hang up" {
		panic(http.ErrAbortHandler)
	}

	status, headers, _ := strings.Cut(head, "\n")
	for line := range strings.Lines(headers) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		w.Header().Set(name, value)
	}

	code, err := strconv.Atoi(strings.TrimSpace(status))
	if err != nil {
		http.Error(w, "the case has no status: "+status, http.StatusInternalServerError)
		return
	}

	w.WriteHeader(code)
	_, _ = io.WriteString(w, body)
}

// note writes a request down: a form part by part, because its boundary
// changes.
func note(b *bytes.Buffer, r *http.Request) {
	fmt.Fprintf(b, "%s %s\n", r.Method, r.URL.RequestURI())
	if key := r.Header.Get("Idempotency-Key"); key != "" {
		fmt.Fprintf(b, "Idempotency-Key: %s\n", key)
	}
	kind, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "" {
		fmt.Fprintf(b, "Content-Type: %s\n", kind)
	}

	if kind == "multipart/form-data" {
		form := multipart.NewReader(r.Body, params["boundary"])
		for part, err := form.NextPart(); err == nil; part, err = form.NextPart() {
			content, _ := io.ReadAll(part)
			fmt.Fprintf(
				b,
				"part %s %s %s: %s\n",
				part.FormName(),
				part.FileName(),
				part.Header.Get("Content-Type"),
				content,
			)
		}

		return
	}

	body, _ := io.ReadAll(r.Body)
	if len(body) > 0 {
		fmt.Fprintf(b, "%s\n", bytes.TrimSpace(body))
	}
}

// dialError is what the transport gives when a socket cannot be opened.
func dialError(cause error) error {
	return &url.Error{
		Op:  "Get",
		URL: "http://payhost/",
		Err: &net.OpError{Op: "dial", Net: "unix", Err: cause},
	}
}
