package supervisor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/plugin"
	"github.com/payhost/payhost/internal/redact"
	"github.com/payhost/payhost/sdk"
)

// programKey tells programs apart: accounts with the same key share a process.
type programKey struct {
	plugin, version, checksum, surroundings string
	strict                                  bool
}

func keyOf(program plugin.Binary) programKey {
	return programKey{
		plugin:       program.Plugin,
		version:      program.Version,
		checksum:     program.Checksum,
		surroundings: program.Surroundings,
		strict:       program.Strict,
	}
}

// instance is one program in one process that serves all the accounts of it.
// Its goroutine (supervise.go) starts the process and replaces it when it dies
// or stops answering.
type instance struct {
	sup     *Supervisor
	program plugin.Binary
	log     *slog.Logger
	refs    int // accounts that use it, or still drain from it; guarded by Supervisor.mu

	ctx      context.Context // ends when no account uses the instance any more
	cancel   context.CancelFunc
	started  chan struct{}  // closed when the first start has succeeded or failed
	startErr error          // why it failed, once started is closed
	done     chan struct{}  // closed when nothing of the instance is left
	reaper   sync.WaitGroup // ends of processes, and rebinding of accounts

	woken    chan struct{}    // a try at once is wanted
	replaced chan replacement // a process that is of no more use
	outdated bool             // it has been logged that the resolver's files were replaced

	mu          sync.Mutex
	proc        *process // nil while there is none
	accounts    map[*account]struct{}
	quarantined bool
	restarts    int
	crashes     []time.Time   // the recent ones
	changed     chan struct{} // closed at the next change of proc or quarantined
}

// acquireInstance returns the program's instance, and starts it when there is
// none. The caller must give it to releaseInstance.
func (s *Supervisor) acquireInstance(
	ctx context.Context,
	program plugin.Binary,
) (*instance, error) {
	s.mu.Lock()
	inst := s.instances[keyOf(program)]
	if inst == nil {
		inst = s.newInstance(program)
		s.instances[keyOf(program)] = inst
		go inst.supervise()
	}

	inst.refs++
	s.mu.Unlock()

	// A first start that fails is the error of all that waited for it.
	var err error
	select {
	case <-inst.started:
		err = inst.startErr
	case <-ctx.Done():
		err = ctx.Err()
	}

	if err != nil {
		s.releaseInstance(inst)
		return nil, err
	}

	return inst, nil
}

func (s *Supervisor) newInstance(program plugin.Binary) *instance {
	ctx, cancel := context.WithCancel(context.Background())
	checksum := program.Checksum[:min(12, len(program.Checksum))]
	s.metrics.restarts.WithLabelValues(program.Plugin) // is shown before the first one
	return &instance{
		sup:      s,
		program:  program,
		log:      s.log.With("plugin", program.Plugin, "checksum", checksum),
		ctx:      ctx,
		cancel:   cancel,
		started:  make(chan struct{}),
		done:     make(chan struct{}),
		woken:    make(chan struct{}, 1),
		replaced: make(chan replacement, 1),
		accounts: map[*account]struct{}{},
		changed:  make(chan struct{}),
	}
}

// releaseInstance ends the use of an instance that acquireInstance returned.
// The last release ends the instance, and waits until nothing of it is left.
func (s *Supervisor) releaseInstance(inst *instance) {
	s.mu.Lock()
	inst.refs--
	last := inst.refs == 0
	if last {
		s.unlist(inst)
	}

	s.mu.Unlock()

	if last {
		inst.cancel()
		<-inst.done
	}
}

// unlist makes room for another instance of the same program. The caller holds
// mu.
func (s *Supervisor) unlist(inst *instance) {
	if s.instances[keyOf(inst.program)] == inst {
		delete(s.instances, keyOf(inst.program))
	}
}

// configure makes the account known to the process and returns its binding
// there. Calls of the account that have not begun wait meanwhile.
func (i *instance) configure(
	ctx context.Context,
	proc *process,
	cfg config.Provider,
) (*binding, error) {
	ctx, cancel := context.WithTimeout(ctx, i.sup.tune.configureTimeout)
	defer cancel()
	if i.sup.opts.Admit != nil {
		if err := i.sup.opts.Admit(proc.Info()); err != nil {
			return nil, err
		}
	}

	// Its secrets are masked before the plugin can log them.
	i.sup.mask.Add(redact.Reveal(cfg.Secrets)...)
	i.sup.mask.Add(redact.In(proc.Info().ConfigSchema, cfg.Config)...)

	thaw := proc.slot(cfg.Name).freeze()
	info, err := proc.Client().Configure(ctx, cfg.Name, configText(cfg))
	if err == nil {
		thaw(info.IdentityFingerprint)
		return newBinding(cfg, info, proc), nil
	}

	// The plugin may have taken the configuration although the call failed. No
	// call goes on until the account has been configured again.
	if sdk.OutcomeOf(err) == sdk.OutcomeNotSent {
		thaw("")
	} else {
		thaw(inDoubt)
	}

	return nil, i.sup.masked(err)
}

// deconfigure is a courtesy to a process that lives on with other accounts.
func (i *instance) deconfigure(name string) {
	proc := i.process()
	if proc == nil {
		return
	}

	ctx, cancel := context.WithTimeout(i.ctx, i.sup.tune.liveDeadline)
	defer cancel()
	err := proc.Client().Deconfigure(ctx, name)
	if err != nil && i.ctx.Err() == nil {
		i.log.Warn("the plugin did not forget an account",
			"account", name, "error", sdk.AsError(err).Message)
	}
}

// process returns the running process, or nil.
func (i *instance) process() *process {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.proc
}

var errQuarantined = errors.New("the plugin is quarantined")

// await returns the running process, and waits for one that is being started.
func (i *instance) await(ctx context.Context) (*process, error) {
	for {
		i.mu.Lock()
		// The channel is read together with the state, so that a change in
		// between is not missed.
		proc := i.proc
		quarantined := i.quarantined
		changed := i.changed
		i.mu.Unlock()

		if proc != nil {
			return proc, nil
		}
		if quarantined {
			return nil, errQuarantined
		}

		select {
		case <-changed:
		case <-i.done:
			return nil, errors.New("the plugin has been stopped")
		case <-ctx.Done():
			return nil, fmt.Errorf("the plugin is not running: %w", ctx.Err())
		}
	}
}

// announce wakes the goroutines that wait for a change. The caller holds mu.
func (i *instance) announce() {
	close(i.changed)
	i.changed = make(chan struct{})
}

func (i *instance) join(a *account) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.accounts[a] = struct{}{}
}

func (i *instance) part(a *account) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.accounts, a)
}

// members returns the accounts of the instance.
func (i *instance) members() []*account {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Collect(maps.Keys(i.accounts))
}

func (i *instance) restartCount() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.restarts
}
