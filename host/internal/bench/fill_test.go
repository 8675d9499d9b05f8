package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/payhost/payhost/host"
	"github.com/payhost/payhost/host/internal/pgserver"
	"github.com/payhost/payhost/host/internal/token"
)

func TestCopiesHaveIDsAndMarksOfTheirOwn(t *testing.T) {
	id := "pay_" + strings.Repeat("a", stampSize) + "tail"
	c := &copier{ids: []string{id}, fill: &filler{events: 7, numbers: 5}, first: 100, later: 9}
	for _, test := range []struct {
		table, name string
		value       any
		want        string
	}{
		{"events", "data", `{"id":"` + id + `","it's":1}`,
			`'{"id":"' || 'pay_' || stamp || 'tail' || '","it''s":1}'`},
		{"intents", "idempotency_key", "fill-03-z", "'fill' || '-03-z' || i"},
		{"intents", "status", "", "''"},
		{"intents", "state", []byte{1, 255}, "X'01ff'"},
		{"intents", "state", nil, "NULL"},
		{"intents", "created_at", int64(130), "at + 30"},
		{"intents", "check_at", int64(130), "9"},
		{"intents", "check_at", int64(0), "0"},
		{"intents", "sequence", int64(2), "2 + i * 5"},
		{"events", "sequence", int64(2), "2"},
		{"events", "position", int64(3), "3 + i * 7"},
	} {
		if got := c.value(test.table, test.name, test.value); got != test.want {
			t.Errorf("%s %v is %s, wanted %s", test.name, test.value, got, test.want)
		}
	}
}

func TestAnIDsTimeIsItsFirstPart(t *testing.T) {
	early := stampOf(time.UnixMilli(1_700_000_000_000))
	late := stampOf(time.UnixMilli(1_700_000_000_001))
	if len(early) != stampSize || early >= late {
		t.Errorf("the stamps are %s and %s", early, late)
	}

	id, err := token.IDEncoding.DecodeString(early + "r" + strings.Repeat("0", 15))
	if err != nil || id[6]>>4 != 7 {
		t.Errorf("%x is not a UUID of version 7: %v", id, err)
	}
}

// A filled database is one that the host works on as on its own: it reads the
// copies, counts on behind them, and reconciles those that are due.
func TestAHostGoesOnBehindTheCopies(t *testing.T) {
	buildProvider(t)
	t.Run("SQLite", func(t *testing.T) {
		goOn(t, "sqlite:"+filepath.Join(t.TempDir(), "filled.db"))
	})

	bin := pgserver.Programs()
	if bin == "" && os.Getenv(postgresVariable) == "" {
		t.Log("without PostgreSQL, which is not installed")
		return
	}
	t.Run("PostgreSQL", func(t *testing.T) {
		server, _, stop, err := postgresServer()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(stop)
		own, drop, err := ownDatabase(t.Context(), server, "filled")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(drop)
		goOn(t, own)
	})
}

func buildProvider(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "provider"), "./provider")
	if printed, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, printed)
	}

	before := programs
	programs = dir
	t.Cleanup(func() { programs = before })
}

func goOn(t *testing.T, url string) {
	const intents = 400
	o := order{URL: url, Dir: t.TempDir(), Count: intents}
	if _, err := fill(t.Context(), o); err != nil {
		t.Fatal(err)
	}

	opened, err := openDurable(t.Context(), t.TempDir(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := opened.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}()

	// Every copy is read like what the core wrote itself.
	seen := map[string]int{}
	for cursor := ""; ; {
		list, next, err := opened.ListPayments(t.Context(),
			host.Filter{Provider: account, Cursor: cursor, Limit: 200})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range list {
			seen[string(p.Status)]++
		}
		if cursor = next; next == "" {
			break
		}
	}
	const blocks = intents / blockIntents
	if seen["succeeded"] != blocks*(blockPayments-1) || seen["requires_action"] != blocks {
		t.Errorf("the payments are %v", seen)
	}

	// Its own numbers come behind those of the copies.
	made := payments{prefix: "behind"}
	if err := made.create(t.Context(), opened); err != nil {
		t.Fatal(err)
	}
	copied, _, err := opened.ListPayments(t.Context(),
		host.Filter{MerchantReference: "order" + mark(3) + "17"})
	if err != nil || len(copied) != 1 {
		t.Fatalf("the copy with a reference is %v, %v", copied, err)
	}
	read, err := opened.Payment(t.Context(), copied[0].ID)
	if err != nil || len(read.Attempts) == 0 || len(read.History) == 0 {
		t.Errorf("the copy is %+v, %v", read, err)
	}
}

// What the worker cannot do it says, and goes on.
func TestAWorkerAnswersEveryOrder(t *testing.T) {
	orders := strings.NewReader(`{"Do":"dance"}` + "\n" + `{"Do":"torture again"}` + "\n")
	var out strings.Builder
	if err := work(t.Context(), orders, &out); err != nil {
		t.Fatal(err)
	}

	answers := json.NewDecoder(strings.NewReader(out.String()))
	for range 2 {
		var answer reply
		if err := answers.Decode(&answer); err != nil || answer.Error == "" {
			t.Errorf("the answer is %+v, %v", answer, err)
		}
	}
	if err := start(t.Context(), nil); err == nil || errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a file to write the error is %v", err)
	}
}
