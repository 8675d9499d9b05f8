package fault_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/payhost/payhost/sdk/conformance/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// api answers {"ok":true} and counts what it processed.
type api struct {
	*httptest.Server
	faults    fault.Injector
	processed atomic.Int32
}

func newAPI(t *testing.T) *api {
	a := &api{}
	real := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		a.processed.Add(1)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte(`{"ok":true,"got":"` + string(body) + `"}`))
	})

	mux := http.NewServeMux()
	mux.Handle("/_simulator/faults", a.faults.Handler())
	mux.Handle("/", a.faults.Wrap(real))
	a.Server = httptest.NewServer(mux)
	t.Cleanup(a.Close)

	return a
}

// post gives status and body, or what went wrong on the way.
func (a *api) post(ctx context.Context, path string) (int, string, error) {
	req, err := http.NewRequestWithContext(
		ctx,
		http.MethodPost,
		a.URL+path,
		strings.NewReader("money"),
	)
	if err != nil {
		return 0, "", err
	}

	resp, err := a.Client().Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()

	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body), err
}

func TestKinds(t *testing.T) {
	const answer = `{"ok":true,"got":"money"}`
	for _, c := range []struct {
		name      string
		fault     fault.Fault
		status    int
		body      string
		fails     bool
		processed int32
	}{
		{"no fault", fault.Fault{Kind: fault.Duplicate}, 201, answer, false, 1},
		{"delay", fault.Fault{Kind: fault.Delay, Delay: time.Millisecond}, 201, answer, false, 1},
		{"delayed answer", fault.Fault{Kind: fault.Delay, Delay: time.Millisecond, Processed: true}, 201, answer, false, 1},
		{"error", fault.Fault{Kind: fault.Error}, 500, `{"error":"injected fault"}`, false, 0},
		{"the provider's own error", fault.Fault{Kind: fault.Error, Status: 401, Body: `{"no":1}`}, 401, `{"no":1}`, false, 0},
		{"error after processing", fault.Fault{Kind: fault.Error, Status: 504, Processed: true}, 504, `{"error":"injected fault"}`, false, 1},
		{"empty", fault.Fault{Kind: fault.Empty}, 200, "", false, 0},
		{"slow drip", fault.Fault{Kind: fault.SlowDrip, Delay: time.Microsecond}, 201, answer, false, 1},
		{"truncated", fault.Fault{Kind: fault.Truncated}, 201, answer[:len(answer)/2], true, 1},
		{"lost response", fault.Fault{Kind: fault.LostResponse}, 0, "", true, 1},
		{"reset", fault.Fault{Kind: fault.Reset}, 0, "", true, 0},
		{"reset after processing", fault.Fault{Kind: fault.Reset, Processed: true}, 0, "", true, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newAPI(t)
			if err := a.faults.Add(c.fault); err != nil {
				t.Fatal(err)
			}
			status, body, err := a.post(t.Context(), "/")
			if status != c.status || body != c.body || (err != nil) != c.fails {
				t.Errorf("got %d %q, error %v", status, body, err)
			}

			if n := a.processed.Load(); n != c.processed {
				t.Errorf("processed %d times, want %d", n, c.processed)
			}
		})
	}
}

func TestResetIsAReset(t *testing.T) {
	a := newAPI(t)
	add(t, &a.faults, fault.Fault{Kind: fault.Reset})
	if _, _, err := a.post(t.Context(), "/"); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("got %v, want a reset connection", err)
	}
}

func TestPages(t *testing.T) {
	a := newAPI(t)
	add(t, &a.faults, fault.Fault{Kind: fault.HTML, Status: 502, Times: 1})
	status, body, err := a.post(t.Context(), "/")
	if err != nil || status != 502 || !strings.HasPrefix(body, "<!DOCTYPE html>") {
		t.Errorf("got %d %q, error %v", status, body, err)
	}

	add(t, &a.faults, fault.Fault{Kind: fault.Giant})
	_, body, err = a.post(t.Context(), "/")
	if err != nil || len(body) < 8<<20 || !json.Valid([]byte(body)) {
		t.Errorf("got %d bytes, error %v", len(body), err)
	}
}

func TestWaitingEndsWithTheClient(t *testing.T) {
	for _, c := range []struct {
		name      string
		fault     fault.Fault
		processed int32
	}{
		{"before processing", fault.Fault{Kind: fault.Delay, Delay: time.Hour}, 0},
		{"after processing", fault.Fault{Kind: fault.Delay, Delay: time.Hour, Processed: true}, 1},
		{"in the answer", fault.Fault{Kind: fault.SlowDrip, Delay: time.Hour}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newAPI(t)
			add(t, &a.faults, c.fault)
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()

			if _, _, err := a.post(ctx, "/"); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
			a.Close() // waits for the handler: an hour, if it did not notice
			if n := a.processed.Load(); n != c.processed {
				t.Errorf("processed %d times, want %d", n, c.processed)
			}
		})
	}
}

func TestFilterAndTimes(t *testing.T) {
	a := newAPI(t)
	add(t, &a.faults, fault.Fault{Kind: fault.Error, Method: "get"})
	add(
		t,
		&a.faults,
		fault.Fault{Kind: fault.Error, Path: "/pay", Method: "POST", Times: 2, Status: 503},
	)
	var got []int

	for _, path := range []string{"/other", "/payment", "/pay", "/payment"} {
		status, _, err := a.post(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, status)
	}

	if want := [4]int{201, 503, 503, 201}; [4]int(got) != want {
		t.Errorf("got %v, want %v", got, want)
	}
	if left := a.faults.Faults(); len(left) != 1 || left[0].Method != "get" {
		t.Errorf("left: %v", left)
	}
}

func TestTake(t *testing.T) {
	var i fault.Injector
	add(t, &i, fault.Fault{Kind: fault.WrongSignature, Times: 1})
	add(t, &i, fault.Fault{Kind: fault.Duplicate})
	got := []bool{
		i.Take(fault.WrongSignature),
		i.Take(fault.WrongSignature),
		i.Take(fault.Duplicate),
		i.Take(fault.Duplicate),
	}
	if want := [4]bool{true, false, true, true}; [4]bool(got) != want {
		t.Errorf("got %v, want %v", got, want)
	}

	i.Clear()
	if i.Take(fault.Duplicate) {
		t.Error("a fault survived Clear")
	}
}

func TestNoticesAreSentAsTheFaultsSay(t *testing.T) {
	var i fault.Injector
	var sent []string
	send := func(names ...string) {
		for _, name := range names {
			i.Send(func() { sent = append(sent, name) })
		}
	}

	send("a")
	add(t, &i, fault.Fault{Kind: fault.Reordered, Times: 2})
	send("b", "c", "d", "e")
	add(t, &i, fault.Fault{Kind: fault.Duplicate, Times: 1})
	send("f")
	add(t, &i, fault.Fault{Kind: fault.Reordered})
	send("g")
	i.Clear()

	send("h")
	if want := "a d b c e f f g h"; strings.Join(sent, " ") != want {
		t.Errorf("sent %v, want %s", sent, want)
	}
}

func TestControl(t *testing.T) {
	a := newAPI(t)
	control := func(method, body string) (int, string) {
		t.Helper()
		req, _ := http.NewRequestWithContext(
			t.Context(),
			method,
			a.URL+"/_simulator/faults",
			strings.NewReader(body),
		)
		resp, err := a.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()

		text, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, strings.TrimSpace(string(text))
	}

	const added = `{"kind":"slow_drip","method":"POST","path":"/x","times":3,"delay":"250ms","status":200,"body":"b","processed":true}`
	for _, c := range []struct {
		method, body string
		status       int
		answer       string
	}{
		{"GET", "", 200, `{"faults":[]}`},
		{"POST", added, 201, added},
		{"GET", "", 200, `{"faults":[` + added + `]}`},
		{"POST", `{"kind":"gremlin"}`, 400, `{"error":"there is no fault of the kind \"gremlin\""}`},
		{"POST", `{"kind":"delay","delay":"soon"}`, 400, `{"error":"delay must be a duration such as \"500ms\""}`},
		{"POST", `{"kind":"delay","times":-1}`, 400, `{"error":"times and delay cannot be negative"}`},
		{"POST", `{"kind":"error","status":99}`, 400, `{"error":"status must be from 200 to 599"}`},
		{"POST", `{`, 400, `{"error":"unexpected EOF"}`},
		{"PUT", "", 405, ""},
		{"DELETE", "", 204, ""},
		{"GET", "", 200, `{"faults":[]}`},
	} {
		if status, answer := control(c.method, c.body); status != c.status ||
			answer != c.answer {
			t.Errorf(
				"%s %s: got %d %s, want %d %s",
				c.method,
				c.body,
				status,
				answer,
				c.status,
				c.answer,
			)
		}
	}
}

func add(t *testing.T, i *fault.Injector, f fault.Fault) {
	t.Helper()
	if err := i.Add(f); err != nil {
		t.Fatal(err)
	}
}
