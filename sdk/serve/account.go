package serve

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"sync"

	"github.com/payhost/payhost/sdk"
)

var accountName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// account is one configuration of one account. It never changes: a new configuration is a new account value, and calls
// in flight keep theirs.
type account struct {
	name     string
	plugin   *sdk.Info // what holds for all accounts
	provider sdk.Provider
	info     sdk.AccountInfo
	atEnd    endings

	// Guarded by Server.mu.
	calls   int  // in flight
	retired bool // replaced or deconfigured: closed when the last call ends
}

// can reports whether the account has the capability: its provider's type may have it and its configuration not.
func (a *account) can(c sdk.Capability) bool { return slices.Contains(a.info.Capabilities, c) }

// describe derives what the account can do.
func (a *account) describe(identity string) {
	a.info = sdk.AccountInfo{
		Capabilities: a.plugin.Capabilities, Currencies: a.plugin.Currencies, IdentityFingerprint: identity,
	}
	_, learns := a.provider.(sdk.CurrencyLearner)
	a.info.CurrenciesComplete = !learns
	d, ok := a.provider.(sdk.AccountDescriber)
	if !ok {
		return
	}
	description := d.DescribeAccount()
	a.info.Capabilities = slices.DeleteFunc(slices.Clone(a.plugin.Capabilities), func(c sdk.Capability) bool {
		return slices.Contains(description.Without, c)
	})
	if len(description.Currencies) > 0 {
		a.info.Currencies = description.Currencies
	}
	a.info.Warnings = description.Warnings
}

// close tells a provider that holds something of its own (a connection, a goroutine) that it is no longer needed, and
// does what else was asked for with Runtime.OnClose.
func (a *account) close() (err error) {
	defer func() { err = errors.Join(err, a.atEnd.run()) }()
	closer, ok := a.provider.(io.Closer)
	if !ok {
		return nil
	}
	return safely(closer.Close)
}

// safely makes a panic in a provider's own code an error.
func safely(call func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in Close: %v", p)
		}
	}()
	return call()
}

// endings is what is to be done when an account is closed.
type endings struct {
	mu   sync.Mutex
	list []func()
}

func (e *endings) add(end func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.list = append(e.list, end)
}

// run does each once, also when another panics.
func (e *endings) run() (err error) {
	e.mu.Lock()
	list := e.list
	e.list = nil
	e.mu.Unlock()
	for _, end := range slices.Backward(list) {
		err = errors.Join(err, safely(func() error { end(); return nil }))
	}
	return err
}

// isNil reports whether a constructor gave nothing, also as a nil pointer in an interface.
func isNil(p sdk.Provider) bool {
	if p == nil {
		return true
	}
	v := reflect.ValueOf(p)
	return v.Kind() == reflect.Pointer && v.IsNil()
}
