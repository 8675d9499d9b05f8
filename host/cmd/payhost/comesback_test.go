package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/payhost/payhost/host/hosttest"
)

// odd are characters that readers and writers of JSON, SQL, lines and terminals
// stumble over.
var odd = []rune{
	'a', 'Z', '0', ' ', '"', '\\', '/', '<', '&', '\'', '%', ';', ',', '{', '}',
	'\u00e9', '\u0301', '\u200f', '\u202e', '\u2028', '\u200b', '\ufeff', '\ufffd', '\u00a0', '\ue000',
	'\ufffe', '\U0001F600', '\U000E0041', '\U0010FFFF',
}

// controlling are characters that most hosts would refuse.
var controlling = []rune{'\u0085', '\u009b', '\u007f', '\t', '\n', '\r', '\x1b', '\a'}

// oddText draws a text of odd characters, and now and then a controlling one.
func oddText(most int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		text := string(
			rapid.SliceOfN(rapid.SampledFrom(odd), 0, most).Draw(t, "characters"),
		)
		if rapid.IntRange(1, 30).Draw(t, "controls") == 30 {
			text += string(rapid.SampledFrom(controlling).Draw(t, "controlling"))
		}
		return text
	})
}

// drawn returns a request, of which the host may refuse what it cannot keep.
// Its amounts and times are spelled as the host spells them.
func drawn(t *rapid.T, family string) map[string]any {
	amounts := rapid.SampledFrom([]string{"60.00", "1", "0.000000000000000001", "1.0000"})
	currencies := rapid.SampledFrom([]string{"USD", "USDT-TRC20", "X"})
	names := rapid.StringMatching(`[a-z\x{e9}]{1,10}`)

	request := map[string]any{
		"provider":           "acme",
		"amount":             amounts.Draw(t, "amount"),
		"currency":           currencies.Draw(t, "currency"),
		"merchant_reference": oddText(20).Draw(t, "reference"),
		"description":        oddText(40).Draw(t, "description"),
		"metadata":           rapid.MapOfN(names, oddText(20), 0, 4).Draw(t, "metadata"),
	}

	if family == "payouts" {
		request["recipient"] = map[string]any{"name": oddText(20).Draw(t, "name")}
		return request
	}

	if rapid.Bool().Draw(t, "expires") {
		request["expires_at"] = "2199-12-31T23:59:59.000001Z"
	}

	return request
}

// Whatever create accepts, the commands show the same: with --json the values
// themselves, in the list, alone and in the stream of events, and to people
// nothing that controls their terminal.
func TestWhatGoesInIsShown(t *testing.T) {
	shop := newShop(t)
	sent := map[string]map[string]map[string]any{
		"payments": {},
		"payouts":  {},
	} // by family and id
	rapid.Check(t, func(rt *rapid.T) {
		family := rapid.SampledFrom([]string{"payments", "payouts"}).Draw(rt, "family")
		request := drawn(rt, family)
		if id := shop.create(rt, family, request); id != "" {
			sent[family][id] = request
		}
	})

	events := shop.lastEvents(t)
	for family, requests := range sent {
		if len(requests) == 0 {
			t.Errorf("the host accepted none of the %s that were drawn", family)
		}

		for id, request := range requests {
			shown := shop.json(t, family, "show", id)
			comesBack(t, "show", request, shown)
			if stored := shop.get(t, "/v1/"+family+"/"+id); !reflect.DeepEqual(
				shown,
				stored,
			) {
				t.Errorf("show prints\n%v\nand the host answers\n%v", shown, stored)
			}

			comesBack(t, "events", request, events[id])
			shop.run(t, family, "show", id, "--wire")
		}

		for _, item := range shop.json(t, family, "list", "--limit", "200")["data"].([]any) {
			shown := item.(map[string]any)
			id := shown["id"].(string)
			comesBack(t, "list", requests[id], shown)
			delete(requests, id)
		}

		if len(requests) > 0 {
			t.Errorf("the list lacks %v", requests)
		}
		rows := shop.run(t, family, "list", "--limit", "1")
		if strings.Count(rows, "\n") != 2 {
			t.Errorf("a list of one is not a heading and a row:\n%s", rows)
		}
	}

	shop.run(t, "events", "--limit", "200")
}

// shop is a host with one provider, the commands that talk to it, and its API.
type shop struct {
	folder string
	api    *http.Client
	drawn  int
}

func newShop(t *testing.T) *shop {
	t.Helper()
	h := hosttest.New(t, hosttest.NewProvider("acme"))
	s := &shop{folder: newFolder(t)}
	write(t, filepath.Join(s.folder, "config.toml"), "")
	socket := filepath.Join(s.folder, "var", socketName)
	if err := os.MkdirAll(filepath.Dir(socket), 0o700); err != nil {
		t.Fatal(err)
	}

	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}

	server := &http.Server{Handler: h.AdminHandler()}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(listener) // ends with Close
	}()

	t.Cleanup(func() {
		_ = server.Close()
		<-ended
	})

	s.api = &http.Client{Transport: transport(socket)}
	return s
}

// create sends a request to the API. It returns "" where the host refuses it.
func (s *shop) create(t *rapid.T, family string, request map[string]any) string {
	body, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	s.drawn++
	r, err := http.NewRequestWithContext(
		t.Context(), http.MethodPost, "http://payhost/v1/"+family, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}

	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", fmt.Sprint("odd-", s.drawn))

	status, answer := s.do(t, r)
	switch status {
	case http.StatusCreated:
		return answer["id"].(string)
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return ""
	}

	t.Fatalf("%s: %d %v", body, status, answer)
	return ""
}

// get returns what the API answers.
func (s *shop) get(t testing.TB, path string) map[string]any {
	r, err := http.NewRequestWithContext(
		t.Context(), http.MethodGet, "http://payhost"+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}

	status, answer := s.do(t, r)
	if status != http.StatusOK {
		t.Fatalf("%s: %d", path, status)
	}

	return answer
}

func (s *shop) do(t rapid.TB, r *http.Request) (status int, answer map[string]any) {
	resp, err := s.api.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()

	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatalf("%v: %s", err, body)
	}

	return resp.StatusCode, answer
}

// run runs a command that must succeed, and returns what it prints.
func (s *shop) run(t testing.TB, words ...string) string {
	a, out, errs := inProcess()
	words = append(words, "--config", filepath.Join(s.folder, "config.toml"))
	if exit := a.run(words); exit != exitDone {
		t.Fatalf("%q: exit %d, %s", words, exit, errs)
	}
	if at := strings.IndexFunc(out.String()+errs.String(), controls); at >= 0 {
		t.Errorf("%q prints %.40q", words, (out.String() + errs.String())[at:])
	}
	return out.String()
}

func (s *shop) json(t testing.TB, words ...string) (value map[string]any) {
	text := s.run(t, append(words, "--json")...)
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%q prints no JSON: %v\n%s", words, err, text)
	}
	return value
}

// lastEvents reads the stream to its end, and returns the data of the last
// event about each payment and payout.
func (s *shop) lastEvents(t testing.TB) map[string]map[string]any {
	last := map[string]map[string]any{}
	after := ""

	for more := true; more; {
		page := s.json(t, "events", "--limit", "200", "--after", after)
		for _, item := range page["data"].([]any) {
			event := item.(map[string]any)
			after = event["id"].(string)

			for _, name := range []string{"payment_id", "payout_id"} {
				if id, is := event[name].(string); is {
					last[id] = event["data"].(map[string]any)
				}
			}
		}

		_, more = page["next_cursor"].(string)
	}

	return last
}

// comesBack compares each value that was sent with what is shown.
func comesBack(t testing.TB, where string, sent, shown map[string]any) {
	text, err := json.Marshal(sent)
	if err != nil {
		t.Fatal(err)
	}
	var values map[string]any
	if err := json.Unmarshal(text, &values); err != nil {
		t.Fatal(err)
	}

	for name, want := range values {
		if got := shown[name]; !reflect.DeepEqual(got, want) &&
			!(empty(got) && empty(want)) {
			t.Errorf("%s: %s %q is shown as %q", where, name, want, got)
		}
	}
}

// empty reports whether a value says nothing, and may be left out.
func empty(value any) bool {
	switch value := value.(type) {
	case nil:
		return true
	case string:
		return value == ""
	case map[string]any:
		for _, inner := range value {
			if !empty(inner) {
				return false
			}
		}

		return true
	}

	return false
}
