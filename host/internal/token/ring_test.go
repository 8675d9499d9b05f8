package token

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

// madeID returns an intent's id that was made at a moment.
func madeID(at time.Time) string {
	id := uuid.Must(uuid.NewV7())
	millis := at.UnixMilli()
	for i := range 6 {
		id[5-i] = byte(millis >> (8 * i))
	}
	return "pay_" + IDEncoding.EncodeToString(id[:])
}

func ring(
	t interface{ Fatal(...any) },
	records []Record,
	secrets []string,
	now time.Time,
) Ring {
	opened, err := NewRing(records, secrets, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	return opened
}

const (
	oldSecret = "an old secret of thirty-two bytes"
	newSecret = "a new secret of thirty-two bytes!"
)

// Rotations come at any moments, with and without secrets. A token minted for a
// payment at any time after it was made is the same, is taken by every host,
// and nothing that an earlier or a later key signs counts for it.
func TestAPaymentKeepsItsTokenThroughAllRotations(t *testing.T) {
	start := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		secrets := []string{newSecret, oldSecret}
		records := []Record{
			NewRecord(
				"k1",
				rapid.SampledFrom([]string{"", oldSecret}).Draw(t, "first"),
				time.Time{},
			),
		}

		now := start
		type payment struct {
			id, token string
			made      time.Time
		}
		var payments []payment

		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			now = now.Add(
				time.Duration(rapid.IntRange(1, 3000).Draw(t, "seconds")) * time.Second,
			)
			if rapid.IntRange(0, 3).Draw(t, "what") == 0 {
				id := "k" + string(rune('1'+len(records)))
				records = append(
					records,
					NewRecord(id, rapid.SampledFrom(secrets).Draw(t, "secret"), now),
				)
				continue
			}

			id := madeID(now)
			payments = append(
				payments,
				payment{id, ring(t, records, secrets, now).Mint(Webhook, id), now},
			)
		}

		last := ring(t, records, secrets, now)
		for _, paid := range payments {
			if again := last.Mint(Webhook, paid.id); again != paid.token {
				t.Fatalf("a repeat sends another URL")
			}
			if subject, ok := last.Check(Webhook, paid.token); !ok || (subject != paid.id) {
				t.Fatalf("its own token is refused")
			}

			for i, other := range last.keys {
				forged := paid.id + "." + other.mac(Webhook, paid.id)
				from := records[i].From.Add(-Overlap)
				until := now.Add(time.Hour)
				if i+1 < len(records) {
					until = records[i+1].From.Add(Overlap)
				}

				inTime := !paid.made.Before(from) && paid.made.Before(until)
				if _, ok := last.Check(Webhook, forged); ok != inTime {
					t.Fatalf(
						"a token of %s is taken: %v, and it is in its time: %v",
						records[i].ID,
						ok,
						inTime,
					)
				}
			}
		}
	})
}

// Whoever has the database alone makes no token that counts, when a secret is
// mixed in.
func TestACopyOfTheStoreSignsNothing(t *testing.T) {
	now := time.Now()
	records := []Record{NewRecord("k1", newSecret, time.Time{})}
	host := ring(t, records, []string{newSecret}, now)
	id := madeID(now)

	copied := slices.Clone(records)
	copied[0].Seal = ""
	thief := ring(t, copied, nil, now)

	for _, purpose := range []Purpose{Webhook, Account, Return, Cancel} {
		if _, ok := host.Check(purpose, thief.Mint(purpose, id)); ok {
			t.Errorf("a forged %s token is taken", purpose)
		}
	}

	if strings.Contains(EncodeRecords(records), newSecret) {
		t.Error("the secret is in the store")
	}
}

func TestAHostWithoutTheSecretSaysSo(t *testing.T) {
	now := time.Now()
	records := []Record{
		NewRecord("k1", "", time.Time{}),
		NewRecord("k2", newSecret, now.Add(-time.Hour)),
	}
	right := ring(t, records, []string{newSecret}, now)
	wrong := ring(t, records, []string{oldSecret}, now)
	if err := right.Usable(); err != nil {
		t.Error(err)
	}

	err := wrong.Usable()
	if (err == nil) || !strings.Contains(err.Error(), "k2") ||
		!strings.Contains(err.Error(), "host.token_secret") {
		t.Errorf("the host with another secret says %v", err)
	}

	made := right.Mint(Webhook, madeID(now))
	if _, ok := wrong.Check(Webhook, made); ok || !wrong.Hidden(Webhook, made) ||
		right.Hidden(Webhook, made) {
		t.Error("a token that cannot be checked here is not told from one that is wrong")
	}

	before := right.Mint(Webhook, madeID(now.Add(-2*time.Hour)))
	if _, ok := wrong.Check(Webhook, before); !ok || wrong.Hidden(Webhook, before) {
		t.Error("a token of the first key is not taken")
	}
}

func TestAnEndedKeyIsWorthNothing(t *testing.T) {
	now := time.Now()
	records := []Record{
		NewRecord("k1", "", time.Time{}),
		NewRecord("k2", "", now.Add(-time.Hour)),
	}
	before := ring(t, records, nil, now)
	id := madeID(now.Add(-2 * time.Hour))
	tokens := map[Purpose]string{
		Webhook: before.Mint(Webhook, id),
		Return:  before.Mint(Return, id),
	}

	account := "shop." + before.keys[0].mac(Account, "shop")
	if _, ok := before.Check(Account, account); !ok {
		t.Error("the former URL of an account is refused while its key is taken")
	}

	records[0].Ended = now
	after := ring(t, records, nil, now)

	for purpose, tok := range tokens {
		if _, ok := after.Check(purpose, tok); ok {
			t.Errorf("a %s token of an ended key is taken", purpose)
		}
		fresh := after.Mint(purpose, id)
		if fresh == tok {
			t.Errorf("an ended key signs %s tokens", purpose)
		}

		if _, ok := after.Check(purpose, fresh); !ok {
			t.Errorf("the %s token that a repeat would send is refused", purpose)
		}
	}

	if _, ok := after.Check(Account, account); ok {
		t.Error("the former URL of an account is taken after its key ended")
	}
}

func TestRecordsComeBackAsTheyWere(t *testing.T) {
	records := []Record{
		NewRecord("k1", "", time.Time{}),
		NewRecord("k2", newSecret, time.Now().UTC().Round(0)),
	}
	records[0].Ended, records[0].EndedBy = time.Now().UTC().Round(0), "operator ann"
	read, err := ParseRecords(EncodeRecords(records))
	if (err != nil) || !slices.Equal(read, records) {
		t.Errorf("%+v came back as %+v, %v", records, read, err)
	}

	for _, text := range []string{"", "[]", "{}", "null", `[{"id":5}]`} {
		if _, err := ParseRecords(text); err == nil {
			t.Errorf("%q was read", text)
		}
	}

	if _, err := NewRing([]Record{{ID: "k1", Stored: "zz"}}, nil, time.Now); err == nil {
		t.Error("a damaged key was opened")
	}
}
