package chaos

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/storetest"
)

const payoutBody = `{"provider":"reference","amount":"12.50","currency":"EUR","recipient":{"name":"C","iban":"two-hosts@chaos.example"}}`

// payouts counts what the provider has of the one recipient.
func (w *world) payouts() (n int) {
	var books struct{ Entries []entry }
	if _, err := call(context.Background(), http.MethodGet, w.books["reference"]+"/_simulator/books", "", "", &books); err != nil {
		w.t.Fatal(err)
	}

	for _, e := range books.Entries {
		if e.Kind == "payout" && e.Recipient == "two-hosts@chaos.example" {
			n++
		}
	}

	return n
}

func (w *world) slow(fault string) {
	w.t.Helper()
	status, err := call(
		context.Background(),
		http.MethodPost,
		w.books["reference"]+"/_simulator/faults",
		"",
		fault,
		nil,
	)
	if err != nil || status != http.StatusCreated {
		w.t.Fatalf("the simulator takes no fault: %d %v", status, err)
	}
}

// Sixteen requests at once, eight at each host, one key: one resource, one
// call, one payout.
func TestOneKeyAtTwoHostsIsOneProviderCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2, storetest.Postgres(t), nil)
	w.slow(`{"kind":"delay","delay":"500ms","times":1}`)
	var (
		all sync.WaitGroup
		mu  sync.Mutex
		ids = map[string]int{}
	)

	for n := range 16 {
		all.Go(func() {
			var p record
			status, err := call(
				context.Background(),
				http.MethodPost,
				"http://"+w.hosts[n%2].address+"/v1/payouts",
				"one-key",
				payoutBody,
				&p,
			)
			if err != nil || status != http.StatusCreated {
				t.Errorf("request %d: %d %v", n, status, err)
			}

			mu.Lock()
			defer mu.Unlock()
			ids[p.ID+" "+p.Status]++
		})
	}

	all.Wait()
	if len(ids) != 1 {
		t.Errorf("the answers differ: %v", ids)
	}
	var p record

	for id := range ids {
		id, _, _ = strings.Cut(id, " ")
		if _, err := call(context.Background(), http.MethodGet, "http://"+w.hosts[1].address+"/v1/payouts/"+id, "", "", &p); err != nil {
			t.Fatal(err)
		}
	}

	if n := w.payouts(); n != 1 || len(p.Attempts) != 1 {
		t.Errorf("the provider has %d payouts, made in %d attempts", n, len(p.Attempts))
	}
}

// A host dies in the middle of a call. The other one leaves it alone until the
// call's deadline and the grace have passed, by the times that are recorded;
// then it finds out, and repeats what the provider never got.
func TestTheOtherHostRecoversAKilledHostsCallAndNotBeforeItsDeadline(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2, storetest.Postgres(t), nil)
	w.slow(`{"kind":"delay","delay":"1900ms","times":1}`)
	dying, other := w.hosts[0], w.hosts[1]
	posted := make(chan error, 1)
	go func() {
		status, err := call(
			context.Background(),
			http.MethodPost,
			"http://"+dying.address+"/v1/payouts",
			"killed",
			payoutBody,
			nil,
		)
		if err == nil {
			err = fmt.Errorf("it was answered %d", status)
		}

		posted <- err
	}()

	for { // until the provider has the request
		select {
		case err := <-posted:
			t.Fatalf("the request ended before its host did: %v", err)
		default:
		}

		var left struct{ Faults []struct{ Kind string } }
		if _, err := call(context.Background(), http.MethodGet, w.books["reference"]+"/_simulator/faults", "", "", &left); err != nil {
			t.Fatal(err)
		}
		if len(left.Faults) == 0 {
			break
		}
	}

	dying.kill(syscall.SIGKILL)
	var p record

	// the same key at the other host waits for the end as well
	for p.Status == "" || p.Status == "created" || p.Status == "unknown" {
		_, err := call(
			context.Background(),
			http.MethodPost,
			"http://"+other.address+"/v1/payouts",
			"killed",
			payoutBody,
			&p,
		)
		if err != nil {
			t.Fatal(err)
		}

		pause(context.Background(), 100*time.Millisecond)
	}

	if _, err := call(context.Background(), http.MethodGet, "http://"+other.address+"/v1/payouts/"+p.ID, "", "", &p); err != nil {
		t.Fatal(err)
	}
	if p.Status != "processing" || len(p.Attempts) != 2 ||
		p.Attempts[0].Outcome != "unknown" {
		t.Fatalf("got %+v", p)
	}

	const timeout, grace = 2 * time.Second, 30 * time.Second
	if early := p.Attempts[1].StartedAt.Sub(p.Attempts[0].StartedAt); early < timeout+grace {
		t.Errorf(
			"the other host touched it after %s: before the deadline and the grace",
			early,
		)
	}

	if n := w.payouts(); n != 1 {
		t.Errorf("the provider has %d payouts", n)
	}
}

// The database can only be read for a while, as after a failover to a replica:
// requests are refused with 503 and nothing is half done, neither here nor at
// the provider; when it can be written again the same host goes on.
func TestWhileTheDatabaseIsReadOnlyNothingIsBegun(t *testing.T) {
	t.Parallel()
	url := storetest.Postgres(t)
	w := newWorld(t, 1, url, nil)
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()

	// switchTo sets how new sessions are, and ends those that there are.
	switchTo := func(readOnly string) {
		t.Helper()
		for _, text := range []string{
			`DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || ' SET default_transaction_read_only = ` + readOnly + `'; END $$`,
			`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
		} {
			if _, err := db.Exec(text); err != nil {
				t.Fatal(err)
			}
		}
	}

	if _, err := db.Exec(`SET default_transaction_read_only = off`); err != nil { // of this session
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	switchTo("on")

	for range 3 {
		status, err := call(
			context.Background(),
			http.MethodPost,
			"http://"+w.hosts[0].address+"/v1/payouts",
			"read-only",
			payoutBody,
			nil,
		)
		if err != nil || status != http.StatusServiceUnavailable {
			t.Errorf("while it is read-only: %d %v", status, err)
		}
	}

	if n := w.payouts(); n != 0 {
		t.Errorf("the provider has %d payouts that nobody recorded", n)
	}
	switchTo("off")

	var p record
	for p.ID == "" { // its first connections are the ones that have just been ended
		if _, err := call(context.Background(), http.MethodPost, "http://"+w.hosts[0].address+"/v1/payouts", "read-only", payoutBody, &p); err != nil {
			t.Fatal(err)
		}
	}

	if n := w.payouts(); n != 1 || p.Status != "processing" {
		t.Errorf("afterwards: %+v, the provider has %d payouts", p, n)
	}
}
