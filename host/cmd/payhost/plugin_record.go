package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/payhost/payhost/host"
	"github.com/payhost/payhost/internal/redact"
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/golden"
)

// callRecord keeps one call in a golden file; a nil one keeps nothing. Its
// temporary file is made before the call: a call that can move money is not
// made when its record could not be kept.
type callRecord struct {
	app       *app
	path      string
	overwrite bool
	temp      *os.File
}

// newRecord returns nil when path is "".
func (a *app) newRecord(path string, overwrite bool) (*callRecord, error) {
	if path == "" {
		return nil, nil
	}
	if _, err := os.Lstat(path); err == nil && !overwrite {
		return nil, fmt.Errorf(
			"%s exists, and nothing was called; --overwrite replaces the file",
			path,
		)
	}

	// In the folder of the file, so that write can link or rename it into
	// place.
	temp, err := os.CreateTemp(filepath.Dir(path), ".record-")
	if err != nil {
		return nil, fmt.Errorf(
			"nothing was called: %s cannot be written: %w",
			path,
			err,
		)
	}

	return &callRecord{app: a, path: path, overwrite: overwrite, temp: temp}, nil
}

// drop removes the temporary file.
func (r *callRecord) drop() {
	if r != nil {
		_ = errors.Join(r.temp.Close(), os.Remove(r.temp.Name())) // both may have been done
	}
}

// keep writes the file, unless the call failed before anything was sent to the
// provider.
func (r *callRecord) keep(
	call host.PluginCall,
	answer json.RawMessage,
	failure error,
	exchanges []sdk.Exchange,
) error {
	if r == nil {
		return nil
	}
	if failure != nil && len(exchanges) == 0 {
		r.app.note("%s was not written: nothing was sent to the provider", r.path)
		return nil
	}

	recording, text, err := recorded(call, answer, failure, exchanges)
	if err == nil {
		err = r.write(text)
	}
	if err != nil {
		return fmt.Errorf(
			"plugin call %s was made, but %s was not written: %w",
			call.Verb,
			r.path,
			err,
		)
	}

	r.app.note(
		"%s has %s and %s, secrets masked",
		r.path,
		call.Verb,
		count(len(exchanges), "exchange"),
	)

	// A shortened answer would make the replay differ from the real call.
	for _, number := range recording.NotWhole() {
		r.app.note(
			"the answer in exchange %d is incomplete, because it was too long or is not text: put the whole answer into the file before a test replays it",
			number,
		)
	}

	return nil
}

// recorded returns the text of the file, which holds no secret of the account.
func recorded(
	call host.PluginCall,
	answer json.RawMessage,
	failure error,
	exchanges []sdk.Exchange,
) (*golden.Recording, []byte, error) {
	said := golden.Call{
		Verb:      call.Verb,
		Request:   call.Request,
		Answer:    answer,
		Err:       failure,
		Exchanges: exchanges,
	}
	mask := &redact.Set{}

	if call.Account != nil {
		mask.Add(redact.Reveal(call.Account.Secrets)...)
		said.BaseURL = baseURL(call.Account.Config)
	}

	said.Mask = mask.Text
	recording, err := golden.Record(said)
	if err != nil {
		return nil, nil, err
	}

	text, err := recording.Encode()
	if err == nil &&
		mask.Text(string(text)) != string(text) { // in a place that Record does not mask
		err = errors.New("a secret of the account would be in it")
	}

	return recording, text, err
}

// baseURL returns the provider's URL in the account's configuration; "" when
// the plugin decides it.
func baseURL(configuration json.RawMessage) string {
	var c struct {
		BaseURL string `json:"base_url"`
	}
	_ = json.Unmarshal(configuration, &c) // the plugin has accepted it
	return c.BaseURL
}

// write puts the file in place, whole or not at all. Only its owner may read
// it.
func (r *callRecord) write(text []byte) error {
	_, err := r.temp.Write(text)
	if err := errors.Join(err, r.temp.Sync(), r.temp.Close()); err != nil {
		return err
	}
	if !r.overwrite {
		// Unlike a rename, a link does not replace a file made in the meantime.
		// Not every file system has links.
		err := os.Link(r.temp.Name(), r.path)
		if err == nil || errors.Is(err, fs.ErrExist) {
			return err
		}
	}

	return os.Rename(r.temp.Name(), r.path)
}
