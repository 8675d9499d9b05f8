package sdk

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Exchange is one HTTP exchange with the provider, secrets masked: what the
// host keeps with an attempt, so that a doubtful outcome can be judged later.
// Package providerhttp records them; a plugin with another transport can too.
type Exchange struct {
	Method       string
	URL          string // secret query values masked, no user information
	RequestBody  string
	Status       int // 0 when no answer came
	ResponseBody string
	Duration     time.Duration
	Error        string
	Sent         bool // whether any byte of the request may have left this machine
}

// maxExchanges bounds what one call may record; the first ones are kept.
const maxExchanges = 16

// ExchangeLog collects the exchanges of one call. It may be used by several
// goroutines.
type ExchangeLog struct {
	mu   sync.Mutex
	list []Exchange
}

// Exchanges returns what was recorded so far.
func (l *ExchangeLog) Exchanges() []Exchange {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.list)
}

type exchangeLogKey struct{}

// WithExchangeLog returns a context whose calls record their exchanges in the
// log, at both ends of the contract: the SDK's server uses it around every verb,
// a host around every call to a plugin, and a test to see what a call said.
func WithExchangeLog(ctx context.Context) (context.Context, *ExchangeLog) {
	log := &ExchangeLog{}
	return context.WithValue(ctx, exchangeLogKey{}, log), log
}

// RecordExchange adds an exchange to the context's log; without one it does
// nothing. The exchange must hold no secrets. Only the first 16 of a call are
// kept.
func RecordExchange(ctx context.Context, exchange Exchange) {
	log, ok := ctx.Value(exchangeLogKey{}).(*ExchangeLog)
	if !ok {
		return
	}
	log.mu.Lock()
	defer log.mu.Unlock()
	if len(log.list) < maxExchanges {
		log.list = append(log.list, exchange)
	}
}
