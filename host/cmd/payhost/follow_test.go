package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func eventsAnswer(next string, ids ...string) string {
	var list []string
	for _, id := range ids {
		list = append(list, fmt.Sprintf(
			`{"id": %q, "type": "payment.succeeded", "created_at": "2026-11-21T06:00:02Z", "payment_id": "pay_1", "sequence": 1, "data": {"amount": "1.10"}}`,
			id,
		))
	}

	if next != "" {
		next = fmt.Sprintf(`, "next_cursor": %q`, next)
	}

	return "200\n\n" + `{"data": [` + strings.Join(list, ", ") + `]` + next + `}`
}

// Following goes on after the last event, over a host that goes away and comes
// back, and ends well with Ctrl-C.
func TestFollowEvents(t *testing.T) {
	t.Parallel()
	folder := newFolder(t)
	quiet := eventsAnswer("")
	h := &fakeHost{
		answers: []string{
			eventsAnswer("evt_2", "evt_1", "evt_2"),
			eventsAnswer("", "evt_3"),
			quiet,
			"hang up",
			eventsAnswer("", "evt_4"),
		},
	}

	caught := make(chan struct{})
	h.hold = func(*http.Request) {
		h.mu.Lock()
		defer h.mu.Unlock()
		if len(h.answers) == 0 { // everything has been told: nothing new from here on
			h.answers = append(h.answers, quiet)
			select {
			case <-caught:
			default:
				close(caught)
			}
		}
	}

	h.listen(t, folder)
	c := start(
		t,
		folder,
		"",
		"events",
		"--follow",
		"--json",
		"--after",
		"evt_0",
		"--types",
		"payment.succeeded",
	)

	<-caught
	if err := c.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	r := c.wait(t)
	if r.exit != exitDone {
		t.Errorf("exit %d", r.exit)
	}

	var ids []string
	for line := range strings.Lines(r.stdout) {
		var e struct{ ID string }
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Errorf("not a line of JSON: %s", line)
		}
		ids = append(ids, e.ID)
	}

	if got := strings.Join(ids, " "); got != "evt_1 evt_2 evt_3 evt_4" {
		t.Errorf("events %s", got)
	}
	if !strings.Contains(r.stdout, `"amount":"1.10"`) {
		t.Errorf("the events are not as they came:\n%s", r.stdout)
	}

	for _, want := range []string{"no answer from the host", "waiting for it", "the host is back"} {
		if !strings.Contains(r.stderr, want) {
			t.Errorf("no %q in\n%s", want, r.stderr)
		}
	}

	var after []string
	for line := range strings.Lines(h.seen()) {
		_, id, _ := strings.Cut(strings.TrimSpace(line), "after=")
		after = append(after, id[:5])
	}

	if got := strings.Join(after[:6], " "); got != "evt_0 evt_2 evt_3 evt_3 evt_3 evt_4" {
		t.Errorf("asked after %s", got)
	}
}

func TestFollowWithoutHostFails(t *testing.T) {
	t.Parallel()
	r := start(t, newFolder(t), "", "events", "--follow").wait(t)
	if r.exit != exitFailed ||
		!strings.Contains(r.stderr, "no host is running on var/payhost.sock") {
		t.Errorf("exit %d\n%s", r.exit, r.stderr)
	}
}

// A caller who gives up waiting for a payment hears how to find out what became
// of it.
func TestInterruptedPayment(t *testing.T) {
	t.Parallel()
	folder := newFolder(t)
	asked := make(chan struct{})
	h := &fakeHost{answers: []string{"hang up"}}
	h.hold = func(r *http.Request) {
		_, _ = io.Copy(
			io.Discard,
			r.Body,
		) // only then the server notices that the caller has gone
		close(asked)
		<-r.Context().Done()
	}

	h.listen(t, folder)
	c := start(
		t,
		folder,
		"",
		"pay",
		"--provider",
		"acme",
		"--amount",
		"1",
		"--currency",
		"USD",
		"--idempotency-key",
		"order-47",
	)

	<-asked
	if err := c.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	r := c.wait(t)
	if r.exit != exitFailed || !strings.Contains(r.stderr, "interrupted") ||
		!strings.Contains(r.stderr, "may have moved") ||
		!strings.Contains(r.stderr, `the same --idempotency-key "order-47"`) {
		t.Errorf("exit %d\n%s", r.exit, r.stderr)
	}
}

// The admin socket of another user is not taken for a host that is down.
func TestSocketOfAnotherUser(t *testing.T) {
	if os.Geteuid() == 0 {
		// Root may open everything, so what the system would say is put in by
		// hand.
		a, _, _ := inProcess()
		err := a.unanswered(
			request{what: "list"},
			"var/payhost.sock",
			dialError(os.ErrPermission),
		)
		if !strings.Contains(err.Error(), "belongs to another user") {
			t.Error(err)
		}

		return
	}

	folder := newFolder(t)
	(&fakeHost{}).listen(t, folder)
	if err := os.Chmod(filepath.Join(folder, "var"), 0); err != nil {
		t.Fatal(err)
	}

	defer os.Chmod(filepath.Join(folder, "var"), 0o700)
	r := start(t, folder, "", "payments").wait(t)
	if r.exit != exitFailed || !strings.Contains(r.stderr, "belongs to another user") {
		t.Errorf("exit %d\n%s", r.exit, r.stderr)
	}
}
