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

// account is one configuration of one account. It never changes: a new
// configuration is a new account value, and calls in flight keep theirs.
type account struct {
	name     string
	plugin   *sdk.Info // what holds for all accounts
	provider sdk.Provider
	info     sdk.AccountInfo
	onClose  closers

	// Guarded by Server.mu.
	calls   int  // in flight
	retired bool // replaced or deconfigured: closed when the last call ends
}

// can reports whether the account has the capability: its provider's type may
// have it and its configuration not.
func (a *account) can(capability sdk.Capability) bool {
	return slices.Contains(a.info.Capabilities, capability)
}

// handles reports whether the account takes a currency. An account that cannot
// tell its currencies takes all of them.
func (a *account) handles(currency string) bool {
	if (len(a.info.Currencies) == 0) || slices.Contains(a.info.Currencies, currency) {
		return true
	}
	learner, ok := a.provider.(sdk.CurrencyLearner)
	return ok && learner.TakesCurrency(currency)
}

// describe derives what the account can do. identity is the fingerprint of its
// configuration.
func (a *account) describe(identity string) {
	_, learns := a.provider.(sdk.CurrencyLearner)
	a.info = sdk.AccountInfo{
		Capabilities:        a.plugin.Capabilities,
		Currencies:          a.plugin.Currencies,
		CurrenciesComplete:  !learns,
		IdentityFingerprint: identity,
	}

	describer, ok := a.provider.(sdk.AccountDescriber)
	if !ok {
		return
	}
	description := describer.DescribeAccount()
	// The plugin's list belongs to all accounts, and DeleteFunc changes what it
	// is given.
	all := slices.Clone(a.plugin.Capabilities)
	a.info.Capabilities = slices.DeleteFunc(all, func(capability sdk.Capability) bool {
		return slices.Contains(description.Without, capability)
	})
	if len(description.Currencies) > 0 {
		a.info.Currencies = description.Currencies
	}
	a.info.Warnings = description.Warnings
}

// close tells a provider that holds something of its own (a connection, a
// goroutine) that it is no longer needed, and then does what
// sdk.Runtime.OnClose was given.
func (a *account) close() error {
	var err error
	if closer, ok := a.provider.(io.Closer); ok {
		err = safely(closer.Close)
	}
	return errors.Join(err, a.onClose.run())
}

// safely makes a panic in a provider's own code an error.
func safely(call func() error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic in Close: %v", cause)
		}
	}()
	return call()
}

// closers is what is done when an account is closed.
type closers struct {
	mu   sync.Mutex
	list []func()
}

func (c *closers) add(closer func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, closer)
}

// run calls each once, the latest first, also when another panics.
func (c *closers) run() (err error) {
	c.mu.Lock()
	list := c.list
	c.list = nil
	c.mu.Unlock()

	for _, closer := range slices.Backward(list) {
		failure := safely(func() error {
			closer()
			return nil
		})
		err = errors.Join(err, failure)
	}
	return err
}

// isNil reports whether a constructor returned nothing, also as a nil pointer
// in an interface.
func isNil(provider sdk.Provider) bool {
	if provider == nil {
		return true
	}
	value := reflect.ValueOf(provider)
	return (value.Kind() == reflect.Pointer) && value.IsNil()
}
