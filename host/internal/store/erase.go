package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/payhost/payhost/host/payment"
)

// Erased stands where a free text about a person was.
const Erased = "[erased]"

// personalFields are the fields of requests and of events' data that say who
// the customer is, or may. Where readers expect an object, an empty one stays.
var personalFields = map[string]any{
	"customer":         nil,
	"recipient":        map[string]any{},
	"metadata":         map[string]any{},
	"description":      nil,
	"reason":           nil,
	"next_action":      nil,
	"provider_options": nil,
	"success_url":      nil,
	"cancel_url":       nil,
	"country":          nil,
	"language":         nil,
	"attempts":         nil,
	"history":          nil,
}

// EraseIntent overwrites all that an intent, its attempts, its history, its
// keys and its events say of a person. Amounts, statuses, references, hashes
// and keys stay. The error is ErrConflict when the intent is not over, or
// changes at the same time: then nothing is to be committed.
func (t *Tx) EraseIntent(ctx context.Context, id string, now time.Time) error {
	var (
		kind                                     payment.Kind
		request, failure, status, parent, ownKey string
		version                                  int64
		state                                    []byte
	)
	err := t.queryRow(ctx, `SELECT i.kind, i.request, i.failure, i.provider_status, i.parent_id,
		i.idempotency_key, i.version, i.state FROM intents AS i
		WHERE i.id = $1 AND `+settledIntent, id).
		Scan(&kind, &request, &failure, &status, &parent, &ownKey, &version, &state)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrConflict
	}
	if err != nil {
		return fmt.Errorf("read what is to be erased of %s: %w", id, err)
	}

	_, values := personIn(request)
	values = spellings(values)
	if holds(status, values) {
		status = Erased
	}
	// The plugin needs its state for a refund: it goes only when it names the
	// person.
	if holds(string(state), values) {
		state = []byte{}
	}

	count, err := t.exec(ctx, `UPDATE intents SET request = $3, failure = $4, provider_status = $5,
		state = $6, next_action = '', erased = $7, version = version + 1
		WHERE id = $1 AND version = $2`,
		id, version, withoutPerson(request), withoutPerson(failure), status, state, micros(now))
	if err != nil {
		return err
	}
	if count == 0 {
		return ErrConflict
	}

	keys, err := t.texts(ctx, `SELECT DISTINCT action_key FROM attempts
		WHERE intent_id = $1 AND action_key <> ''`, id)
	if err != nil {
		return err
	}
	return errors.Join(
		t.eraseKeys(ctx, append(keys, ownKey)),
		t.eraseEvents(ctx, id, parent),
		t.eraseBeside(ctx, id),
	)
}

// eraseBeside erases the rows that belong to one intent.
func (t *Tx) eraseBeside(ctx context.Context, id string) error {
	for _, query := range []string{
		`UPDATE attempts SET exchanges = '',
			message = CASE WHEN message = '' THEN '' ELSE '` + Erased + `' END WHERE intent_id = $1`,
		`UPDATE history SET note = '` + Erased + `' WHERE intent_id = $1 AND note <> ''`,
		`UPDATE approvals SET resolution = '', reason =
			CASE WHEN reason = '' THEN '' ELSE '` + Erased + `' END
			WHERE intent_id = $1 AND state <> 'pending'`,
	} {
		if _, err := t.exec(ctx, query, id); err != nil {
			return err
		}
	}
	return nil
}

// eraseKeys erases the results that are kept under keys.
func (t *Tx) eraseKeys(ctx context.Context, keys []string) error {
	for _, key := range keys {
		result, err := t.firstText(ctx,
			`SELECT result FROM idempotency_keys WHERE key = $1 AND result <> ''`, key)
		if err == nil && result != "" {
			_, err = t.exec(ctx, `UPDATE idempotency_keys SET result = $2 WHERE key = $1`,
				key, withoutPerson(result))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// eraseEvents erases the data of an intent's events. Those of a refund are
// among its payment's.
func (t *Tx) eraseEvents(ctx context.Context, id, parent string) error {
	type event struct {
		position int64
		data     string
	}
	subject := id
	if parent != "" {
		subject = parent
	}

	scan := func(row scanner) (one event, err error) {
		err = row.Scan(&one.position, &one.data)
		return one, err
	}
	events, err := queryAll(ctx, t, scan, `SELECT position, data FROM events
		WHERE (CASE WHEN parent_id = '' THEN intent_id ELSE parent_id END) = $1
		AND intent_id = $2`, subject, id)
	if err != nil {
		return err
	}

	for _, one := range events {
		_, err := t.exec(ctx, `UPDATE events SET data = $2 WHERE position = $1`,
			one.position, withoutPerson(one.data))
		if err != nil {
			return err
		}
		// A receiver's answer may repeat what it was sent.
		_, err = t.exec(ctx, `UPDATE deliveries SET error = '`+Erased+`'
			WHERE position = $1 AND error <> ''`, one.position)
		if err != nil {
			return err
		}
	}
	return nil
}

// withoutPerson returns a JSON object without what it says of a person; a text
// that is not an object as it is.
func withoutPerson(text string) string {
	var object map[string]any
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber() // digits stay as they are
	if decoder.Decode(&object) != nil || object == nil {
		return text
	}

	eraseFields(object)
	data, err := json.Marshal(object)
	if err != nil {
		return "{}" // never more than was there
	}
	return string(data)
}

// eraseFields erases the fields of an object, and of the failure or record in
// it.
func eraseFields(object map[string]any) {
	for name, empty := range personalFields {
		if _, has := object[name]; !has {
			continue
		}
		if delete(object, name); empty != nil {
			object[name] = empty
		}
	}

	for name, value := range object {
		inner, isObject := value.(map[string]any)
		switch {
		case isObject:
			eraseFields(inner)
		case (name == "message" || name == "provider_message") && value != "":
			object[name] = Erased
		case name == "violations":
			delete(object, name)
		}
	}
}

// EraseWebhooks looks at the next limit webhooks after an id and empties those
// that belong to one of some intents, or that hold one of some values. It
// returns how many, and the last id that it has looked at, "" at the end. A
// webhook of the person that waits to be read is left, and named in waiting.
func (t *Tx) EraseWebhooks(
	ctx context.Context,
	intents, values []string,
	after string,
	limit int,
) (erased int64, waiting []string, last string, err error) {
	list, err := queryAll(ctx, t, scanWebhook, `SELECT `+webhookColumns+` FROM webhooks
		WHERE id > $1 ORDER BY id`+limitedTo(limit), after)
	if err != nil {
		return 0, nil, "", err
	}
	values = spellings(values)

	for _, one := range list {
		theirs := slices.Contains(intents, one.IntentID) ||
			slices.ContainsFunc(one.IntentIDs, func(id string) bool {
				return slices.Contains(intents, id)
			})
		if !theirs && !webhookHolds(one, values) {
			continue
		}
		if one.State == payment.WebhookPending {
			waiting = append(waiting, one.ID)
			continue
		}

		message := one.Error
		if message != "" {
			message = Erased
		}
		_, err := t.exec(ctx, `UPDATE webhooks SET query = '', headers = '{}', body = $2,
			remote_address = '', error = $3 WHERE id = $1`, one.ID, []byte{}, message)
		if err != nil {
			return 0, nil, "", err
		}
		erased++
	}
	if len(list) == limit {
		last = list[limit-1].ID
	}

	return erased, waiting, last, nil
}

// webhookHolds reports whether a webhook has one of some values in it.
func webhookHolds(one *Webhook, values []string) bool {
	if holds(one.Request.Query, values) || holds(string(one.Request.Body), values) ||
		holds(one.Error, values) || holds(one.Request.RemoteAddress, values) {
		return true
	}
	for lines := range maps.Values(one.Request.Header) {
		if holds(strings.Join(lines, "\n"), values) {
			return true
		}
	}
	return false
}

// spellings returns values as they are, as JSON writes them, and as URLs do.
func spellings(values []string) []string {
	var all []string
	for _, value := range values {
		quoted, _ := json.Marshal(value) // a text always marshals
		all = append(all, value, strings.Trim(string(quoted), `"`),
			url.QueryEscape(value), url.PathEscape(value))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Scrub takes what was overwritten out of the database's own files, as far as
// the engine can do that while it runs. With SQLite, whose pages are overwritten
// at once, that is its write-ahead log; PostgreSQL removes dead rows by itself.
// The error is also that a reader keeps the log busy.
func (s *Store) Scrub(ctx context.Context) error {
	file, embedded := s.db.(*sqliteFile)
	if !embedded {
		return nil
	}

	var busy, pages, moved int
	err := file.writer.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").
		Scan(&busy, &pages, &moved)
	if err != nil {
		return fmt.Errorf("sqlite: empty the write-ahead log: %w", err)
	}
	if busy != 0 {
		return errors.New("sqlite: the write-ahead log is in use and still has what was erased")
	}
	return nil
}
