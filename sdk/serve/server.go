package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"runtime/debug"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/payhost/payhost/internal/redact"
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/internal/configschema"
	pb "github.com/payhost/payhost/sdk/internal/providerv1"
	"github.com/payhost/payhost/sdk/internal/wire"
)

// Options are what Provider takes from the process and a test can set. The zero
// value logs nothing and uses the real clock and network.
type Options struct {
	Logger    *slog.Logger
	Now       func() time.Time
	Transport http.RoundTripper // see sdk.Runtime
}

// Server serves the contract for any number of accounts of one provider.
// Provider runs one as a plugin's process; tests register one with a gRPC
// server of their own.
type Server struct {
	info    sdk.Info
	opts    Options
	logger  *slog.Logger
	secrets *redact.Set
	build   func(name string, config []byte) (*account, error)

	mu       sync.Mutex
	accounts map[string]*account
	// turn is the number of the latest Configure or Deconfigure of each account
	// that took effect, and turns counts them as they come in: one that is
	// overtaken must not undo what the later one did.
	turn  map[string]uint64
	turns uint64
}

// NewServer prepares a server whose accounts are built by newProvider. P must
// be the provider's own type, not an interface, because Info is asked of its
// zero value.
//
// It panics when P has a method that is called like one of the contract's and
// has another signature: the capability would be missing, and nothing else
// would tell.
func NewServer[C any, P sdk.Provider](
	newProvider func(C, sdk.Runtime) (P, error), opts Options,
) *Server {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}

	server := &Server{
		info:     infoOf[P](),
		opts:     opts,
		secrets:  redact.NewSet(redact.MinSecret),
		accounts: map[string]*account{},
		turn:     map[string]uint64{},
	}
	server.info.ConfigSchema = sdk.Schema[C]()
	// Every account adds its secrets to the one set, so a line about one
	// account masks those of all.
	server.logger = slog.New(maskHandler{
		next: opts.Logger.Handler(),
		mask: server.secrets.Text,
	})
	server.build = func(name string, config []byte) (*account, error) {
		return build(server, newProvider, name, config)
	}
	return server
}

// infoOf asks the zero value of P and adds what can be derived.
func infoOf[P sdk.Provider]() sdk.Info {
	var zero P
	if any(zero) == nil { // P is an interface
		panic("sdk: the constructor must return the provider's own type, not an interface")
	}
	shape := reflect.TypeFor[P]()
	if err := checkShape(shape); err != nil {
		panic(err.Error())
	}

	info := zero.Info()
	info.ContractVersion = wire.ContractVersion
	info.Capabilities = capabilitiesOf(shape)
	return info
}

// build makes an account of a configuration, with a provider of its own.
func build[C any, P sdk.Provider](
	server *Server, newProvider func(C, sdk.Runtime) (P, error), name string, text []byte,
) (*account, error) {
	config, err := sdk.DecodeConfig[C](text)
	if err != nil {
		return nil, err
	}
	server.secrets.Add(configschema.Secrets(config)...)

	// The functions that the constructor gave to OnClose are called also when it fails or panics.
	built := &account{name: name, plugin: &server.info}
	ready := false
	defer func() {
		if !ready {
			server.close(built)
		}
	}()

	provider, err := newProvider(config, server.runtime(built))
	if err != nil {
		return nil, err
	}
	if isNil(provider) {
		return nil, errors.New("the constructor returned neither a provider nor an error")
	}
	built.provider = provider
	built.describe(configschema.Fingerprint(config))
	ready = true
	return built, nil
}

// runtime returns what the account's constructor gets.
func (s *Server) runtime(of *account) sdk.Runtime {
	return sdk.Runtime{
		Account:   of.name,
		Logger:    s.logger.With("account", of.name),
		Now:       s.opts.Now,
		Transport: s.opts.Transport,
		Mask:      s.secrets.Text,
		OnClose:   of.onClose.add,
	}
}

// Info returns what the plugin says of itself, with what the SDK derives.
func (s *Server) Info() sdk.Info { return s.info }

// Register adds the contract's service to a gRPC server.
func (s *Server) Register(registrar grpc.ServiceRegistrar) {
	pb.RegisterProviderServiceServer(registrar, &service{server: s})
}

// Close forgets all accounts. Each is closed when its last call has ended:
// first its provider, if that is an io.Closer, then what sdk.Runtime.OnClose
// was given.
func (s *Server) Close() {
	s.mu.Lock()
	var idle []*account
	for name, old := range s.accounts {
		delete(s.accounts, name)
		if s.retire(old) {
			idle = append(idle, old)
		}
	}
	s.mu.Unlock()

	for _, old := range idle {
		s.close(old)
	}
}

// acquire returns the account for one call, which must release it.
func (s *Server) acquire(name string) (*account, *sdk.Error) {
	s.mu.Lock()
	defer s.mu.Unlock()

	found, ok := s.accounts[name]
	if !ok {
		return nil, sdk.NotSent(sdk.CodeInvalidRequest,
			"account %q is not configured in this plugin process", name)
	}
	found.calls++
	return found, nil
}

// release ends a call, and closes an account whose last call it was.
func (s *Server) release(used *account) {
	s.mu.Lock()
	used.calls--
	last := used.retired && (used.calls == 0)
	s.mu.Unlock()

	if last {
		s.close(used)
	}
}

// retire marks an account that has left the map and reports whether it can be
// closed now. The caller holds mu.
func (s *Server) retire(old *account) bool {
	old.retired = true
	return old.calls == 0
}

func (s *Server) close(old *account) {
	if err := old.close(); err != nil {
		s.logger.Warn("closing the provider failed", "account", old.name, "error", err)
	}
}

// configure builds an account and puts it in place of the one of that name, if
// there is one.
func (s *Server) configure(
	ctx context.Context, name string, config []byte,
) (sdk.AccountInfo, error) {
	// The turn is taken before the account is built: of two calls at once the
	// later one wins, even when it is built first.
	turn := s.nextTurn()
	var found sdk.Violations
	if !accountName.MatchString(name) {
		found.Add(true, "account", "1 to 64 characters of A-Z a-z 0-9 _ -")
		return sdk.AccountInfo{}, found.Err()
	}
	if len(config) > wire.MaxInput {
		found.Add(true, "config", fmt.Sprintf("at most %d bytes", wire.MaxInput))
		return sdk.AccountInfo{}, found.Err()
	}

	built, err := s.build(name, config)
	if err != nil {
		return sdk.AccountInfo{}, err
	}
	if err := s.put(ctx, name, built, turn); err != nil {
		// The account has never been in the map, so no call can be using it.
		s.close(built)
		return sdk.AccountInfo{}, err
	}
	return built.info, nil
}

// nextTurn numbers a change of accounts.
func (s *Server) nextTurn() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turns++
	return s.turns
}

// put makes next the account of that name; nil removes it. It refuses when a
// later change has been made, and when the host has given up on this one: the
// host then takes the account to be as it was.
func (s *Server) put(ctx context.Context, name string, next *account, turn uint64) error {
	old, err := s.exchange(ctx, name, next, turn)
	if err != nil {
		return err
	}
	if old != nil {
		s.close(old)
	}
	return nil
}

// exchange is put without the closing: it returns the account that nothing uses
// any more, if there is one.
func (s *Server) exchange(
	ctx context.Context, name string, next *account, turn uint64,
) (idle *account, _ error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, sdk.NotSent(sdk.CodeUnavailable,
			"the call ended before the account was ready: %s", err)
	}
	// Compared under the lock: no later change can come between this and the
	// write to the map.
	if turn < s.turn[name] {
		return nil, sdk.NotSent(sdk.CodeUnavailable,
			"the account was configured again meanwhile")
	}

	s.turn[name] = turn
	old := s.accounts[name]
	if next == nil {
		delete(s.accounts, name)
	} else {
		s.accounts[name] = next
	}
	// Calls in flight keep the old account: the last of them closes it.
	if (old != nil) && s.retire(old) {
		return old, nil
	}
	return nil, nil
}

// recovered turns a panic into an error of the call in which it happened: the
// others go on. It must be deferred.
func (s *Server) recovered(verb, account string, err **sdk.Error) {
	cause := recover()
	if cause == nil {
		return
	}

	s.logger.Error("panic in "+verb,
		"account", account,
		"panic", fmt.Sprint(cause),
		"stack", string(debug.Stack()))
	*err = &sdk.Error{
		Code:    sdk.CodeInternal,
		Outcome: sdk.OutcomeUnknown,
		Message: fmt.Sprintf("panic in %s: %v", verb, cause),
	}
}
