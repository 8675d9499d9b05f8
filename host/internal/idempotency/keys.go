// Package idempotency keeps what idempotency keys stand for: which request took
// a key, what became of it, and what a repeated request is answered. The rule
// behind all of it: a caller whose key may stand for something is never told
// that nothing was done.
package idempotency

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

const (
	// Grace is how long after its deadline a request that took a key, or an
	// attempt without an answer, still belongs to its host.
	Grace = 30 * time.Second

	// replayWait is how long a repeated request waits for the first one under
	// its key.
	replayWait = 30 * time.Second
	// readEvery is how often a waiting request reads the store, for what
	// another host does.
	readEvery = 200 * time.Millisecond
	// standingTries bounds how long a caller waits for the database to say what
	// became of a commit.
	standingTries = 5 * time.Second
)

// Options are what Keys work with. All of them are needed.
type Options struct {
	Store store.Transactor
	// Watch returns a channel that is closed when this host changes something
	// about a topic, which is a key or an intent's id. leave must be called
	// when the channel is no longer looked at.
	Watch func(topic string) (changed <-chan struct{}, leave func())
	// Backoff returns the pauses between tries that follow each other closely,
	// beginning with the first.
	Backoff func(first time.Duration) Pauses
}

// Pauses are the times to wait between tries, one after the other.
type Pauses interface{ NextBackOff() time.Duration }

// Keys are the idempotency keys of one store, as one host uses them. They may
// be used by any number of goroutines.
type Keys struct {
	store   store.Transactor
	watch   func(topic string) (changed <-chan struct{}, leave func())
	backoff func(first time.Duration) Pauses

	mu sync.Mutex
	// held are the keys that requests of this host are taking now, each with a
	// channel that is closed when that is decided.
	held map[string]chan struct{}
}

// New returns the keys of a store.
func New(o Options) *Keys {
	return &Keys{
		store:   o.Store,
		watch:   o.Watch,
		backoff: o.Backoff,
		held:    map[string]chan struct{}{},
	}
}

// Hold lets one request of this host at a time find out what a key stands for
// and take it: a request that still waits for the database must not be
// overtaken by one that is told that nothing was done. It waits for the request
// that holds the key; the error is that this one does not end in time, or that
// ctx ended. release must be called, and may be called again.
func (k *Keys) Hold(ctx context.Context, key string) (release func(), err error) {
	timeout := time.NewTimer(replayWait)
	defer timeout.Stop()

	for {
		release, other := k.tryHold(key)
		if other == nil {
			return release, nil
		}

		// Giving up is not a refusal: the other request may still be recorded.
		select {
		case <-other:
		case <-timeout.C:
			return nil, InProgress("")
		case <-ctx.Done():
			return nil, GaveUp(
				ctx,
				sdk.OutcomeUnknown,
				"",
				"",
				"you stopped waiting while another request under this Idempotency-Key was being "+
					"recorded: repeat it with the same key",
			)
		}
	}
}

// tryHold holds a key, unless another request has it: then it returns the
// channel that is closed when that one releases it.
func (k *Keys) tryHold(key string) (release func(), other <-chan struct{}) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if other, taken := k.held[key]; taken {
		return nil, other
	}

	free := make(chan struct{})
	k.held[key] = free
	// The key is free before those who wait are woken: they try to hold it
	// again.
	release = sync.OnceFunc(func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		delete(k.held, key)
		close(free)
	})

	return release, nil
}

// IntentUnder returns the id of the intent that a key stands for, "" when the
// key is free. The error is that it stands for another request than hashes, or
// that the store cannot be read: then it is unknown what the key stands for.
func (k *Keys) IntentUnder(
	ctx context.Context,
	key string,
	hashes Hashes,
) (id string, err error) {
	found, err := k.read(ctx, key)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return "", nil
	case err != nil:
		return "", Undecided(ctx, err, "", "")
	case !hashes.match(found):
		return "", conflict(found)
	}

	return found.IntentID, nil
}

// Find returns a key that keeps the answer of its request, as it is now; nil
// when it is free. The error is that it stands for another request than hashes,
// or that the store cannot be read: then it is unknown what was done under the
// key.
func (k *Keys) Find(ctx context.Context, key string, hashes Hashes) (*store.Key, error) {
	found, err := k.read(ctx, key)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, nil
	case err != nil && ctx.Err() != nil:
		return nil, InProgress("")
	case err != nil:
		return nil, Undecided(ctx, err, "", "")
	case !hashes.match(found):
		return nil, conflict(found)
	}

	return found, nil
}

// FindAnswered is Find for a request that waits while the first one under its
// key runs: the key it returns has a result. The error is also that the first
// request does not end in time, or that its host is gone without an answer.
func (k *Keys) FindAnswered(
	ctx context.Context,
	key string,
	hashes Hashes,
) (*store.Key, error) {
	var found *store.Key
	ended, err := k.Await(ctx, key, func(ctx context.Context) (done bool, err error) {
		found, err = k.Find(ctx, key, hashes)
		if found == nil || err != nil || found.Result != "" {
			return true, err
		}
		// Within the grace its host may still record the answer.
		if k.store.Now().After(found.Deadline.Add(Grace)) {
			return true, hostGone(found)
		}
		return false, nil
	})

	switch {
	case err != nil:
		return nil, err
	case !ended:
		return nil, InProgress("")
	}

	return found, nil
}

// Await calls look until it reports that it is done, or fails: whenever the
// topic changes, and regularly for what other hosts do. It gives up after half
// a minute or when ctx ends; done is then false, without an error.
func (k *Keys) Await(ctx context.Context, topic string,
	look func(context.Context) (done bool, err error),
) (done bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, replayWait)
	defer cancel()
	tick := time.NewTicker(readEvery)
	defer tick.Stop()

	for {
		done, err := k.lookOrWait(ctx, topic, tick.C, look)
		if done || err != nil {
			return true, err
		}
		if ctx.Err() != nil {
			return false, nil
		}
	}
}

// lookOrWait looks once and, when that was too early, waits until it is worth
// looking again.
func (k *Keys) lookOrWait(ctx context.Context, topic string, tick <-chan time.Time,
	look func(context.Context) (done bool, err error),
) (done bool, err error) {
	// The channel is taken before looking, so that no change is missed between.
	changed, leave := k.watch(topic)
	defer leave()
	done, err = look(ctx)
	if done || err != nil {
		return done, err
	}

	select {
	case <-changed:
	case <-tick:
	case <-ctx.Done():
	}

	return false, nil
}

// Standing finds out what a key stands for after a commit that failed, since
// that may have arrived all the same. It reads in a write of its own, which the
// database carries out after the one in doubt. It returns nil when the key
// stands for nothing; the error is that this cannot be found out, for several
// seconds.
func (k *Keys) Standing(ctx context.Context, key string) (*store.Key, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), standingTries)
	defer cancel()
	pauses := k.backoff(50 * time.Millisecond)

	for {
		var standing *store.Key
		read := false
		err := k.store.Write(ctx, func(tx *store.Tx) error {
			found, err := tx.Key(ctx, key)
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
			standing, read = found, true
			return nil
		})

		// A transaction that only read may fail to commit: what it read holds.
		if read {
			return standing, nil
		}

		select {
		case <-time.After(pauses.NextBackOff()):
		case <-ctx.Done():
			return nil, err
		}
	}
}

// read reads a key. The error is the store's, or store.ErrNotFound.
func (k *Keys) read(ctx context.Context, key string) (found *store.Key, err error) {
	err = k.store.Get(ctx, func(tx *store.Tx) (err error) {
		found, err = tx.Key(ctx, key)
		return err
	})
	return found, err
}

// hostGone is for a key whose request no host will answer any more.
func hostGone(key *store.Key) *payment.Error {
	return &payment.Error{
		Code:      payment.CodeHostGone,
		Outcome:   sdk.OutcomeUnknown,
		PaymentID: key.IntentID,
		Message: "the host that made the call ended before it recorded an answer; " +
			"ask for the status",
	}
}
