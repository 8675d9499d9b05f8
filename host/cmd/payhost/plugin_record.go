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

// callRecord keeps one call in a golden file; nil keeps nothing. Its room in
// the folder is taken before the call: nothing that can move money is called
// whose record cannot be kept.
type callRecord struct {
	app       *app
	path      string
	overwrite bool
	temp      *os.File
}

// newRecord returns nil for no path.
func (a *app) newRecord(path string, overwrite bool) (*callRecord, error) {
	if path == "" {
		return nil, nil
	}
	if _, err := os.Lstat(path); err == nil && !overwrite {
		return nil, fmt.Errorf(
			"%s is there already, and nothing was called: --overwrite replaces it",
			path,
		)
	}

	temp, err := os.CreateTemp(filepath.Dir(path), ".record-")
	if err != nil {
		return nil, fmt.Errorf(
			"nothing was called, because %s cannot be written: %w",
			path,
			err,
		)
	}

	return &callRecord{app: a, path: path, overwrite: overwrite, temp: temp}, nil
}

// drop takes away what is left of a record.
func (r *callRecord) drop() {
	if r != nil {
		_ = errors.Join(r.temp.Close(), os.Remove(r.temp.Name())) // both may have been done
	}
}

// keep writes the file, of a call that failed too, if anything was said to the
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
		r.app.note("%s was not written: nothing was said to the provider", r.path)
		return nil
	}

	recording, text, err := recorded(call, answer, failure, exchanges)
	if err == nil {
		err = r.write(text)
	}
	if err != nil {
		return fmt.Errorf(
			"plugin call %s was made, and %s was not written: %w",
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

	for _, number := range recording.NotWhole() {
		r.app.note(
			"the answer of exchange %d was too long for the plugin's records, or is no text: put it into the file as a whole, or no test can play it",
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
		mask.Text(string(text)) != string(text) { // in a place that is not masked
		err = errors.New("a secret of the account would be in it")
	}

	return recording, text, err
}

// baseURL is where the account's configuration says that the provider is; ""
// when it leaves that to the plugin.
func baseURL(configuration json.RawMessage) string {
	var c struct {
		BaseURL string `json:"base_url"`
	}
	_ = json.Unmarshal(configuration, &c) // the plugin took it
	return c.BaseURL
}

// write puts the file in place, all of it or nothing. Only its owner may read
// it, until somebody decides otherwise.
func (r *callRecord) write(text []byte) error {
	_, err := r.temp.Write(text)
	if err := errors.Join(err, r.temp.Sync(), r.temp.Close()); err != nil {
		return err
	}
	if !r.overwrite {
		// Unlike a rename, a link replaces nothing that has come meanwhile. Not
		// every file system has links.
		err := os.Link(r.temp.Name(), r.path)
		if err == nil || errors.Is(err, fs.ErrExist) {
			return err
		}
	}

	return os.Rename(r.temp.Name(), r.path)
}
