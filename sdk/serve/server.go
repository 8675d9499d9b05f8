package serve

import (
	"context"
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

// Options are what Provider takes from the process and a test can set. The zero value logs nothing and uses the real
// clock and network.
type Options struct {
	Logger    *slog.Logger
	Now       func() time.Time
	Transport http.RoundTripper
}

// Server serves the contract for any number of accounts of one provider. Provider runs one as a plugin's process; tests
// register one with a gRPC server of their own.
type Server struct {
	info    sdk.Info
	opts    Options
	logger  *slog.Logger
	secrets *redact.Set
	build   func(*Server, string, []byte) (*account, error)

	mu       sync.Mutex
	accounts map[string]*account
	// turn is the number of the latest Configure or Deconfigure of each account that took effect, and turns counts them
	// as they come in: one that is overtaken must not undo what the later one did.
	turn  map[string]uint64
	turns uint64
}

// NewServer prepares a server whose accounts are built by newProvider. P must be the provider's own type, not an
// interface, because Info is asked of its zero value. It panics when P has a method that is called like one of the
// contract's and has another signature: the capability would be missing, and nothing else would tell.
func NewServer[C any, P sdk.Provider](newProvider func(C, sdk.Runtime) (P, error), opts Options) *Server {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	s := &Server{opts: opts, secrets: redact.NewSet(redact.MinSecret), accounts: map[string]*account{}, turn: map[string]uint64{}}
	s.logger = slog.New(maskHandler{next: opts.Logger.Handler(), mask: s.secrets.Text})
	s.info = infoOf[P]()
	s.info.ConfigSchema = sdk.Schema[C]()
	s.build = func(s *Server, name string, text []byte) (*account, error) {
		cfg, err := sdk.DecodeConfig[C](text)
		if err != nil {
			return nil, err
		}
		s.secrets.Add(configschema.Secrets(cfg)...)
		a, ready := &account{name: name, plugin: &s.info}, false
		defer func() {
			if !ready { // also after a panic
				s.close(a)
			}
		}()
		p, err := newProvider(cfg, s.runtime(a))
		if err != nil {
			return nil, err
		}
		if isNil(p) {
			return nil, fmt.Errorf("the constructor returned neither a provider nor an error")
		}
		a.provider = p
		a.describe(configschema.Fingerprint(cfg))
		ready = true
		return a, nil
	}
	return s
}

// infoOf asks the zero value of P and adds what can be derived.
func infoOf[P sdk.Provider]() sdk.Info {
	var zero P
	if any(zero) == nil { // P is an interface
		panic("sdk: the constructor must return the provider's own type, not an interface")
	}
	checkShape(reflect.TypeFor[P]())
	info := zero.Info()
	info.ContractVersion = wire.ContractVersion
	info.Capabilities = capabilitiesOf(zero)
	return info
}

// Info gives what the plugin says of itself, with what the SDK derives.
func (s *Server) Info() sdk.Info { return s.info }

// Register adds the contract's service to g.
func (s *Server) Register(g grpc.ServiceRegistrar) {
	pb.RegisterProviderServiceServer(g, &service{server: s})
}

// Close forgets all accounts. Each is closed when its last call has ended: first its provider, if that is an io.Closer,
// then what Runtime.OnClose was given.
func (s *Server) Close() {
	s.mu.Lock()
	var idle []*account
	for name, a := range s.accounts {
		delete(s.accounts, name)
		if s.retire(a) {
			idle = append(idle, a)
		}
	}
	s.mu.Unlock()
	for _, a := range idle {
		s.close(a)
	}
}

func (s *Server) runtime(a *account) sdk.Runtime {
	return sdk.Runtime{
		Account:   a.name,
		Logger:    s.logger.With("account", a.name),
		Now:       s.opts.Now,
		Transport: s.opts.Transport,
		Mask:      s.secrets.Text,
		OnClose:   a.atEnd.add,
	}
}

// acquire gives the account for one call, which must release it.
func (s *Server) acquire(name string) (*account, *sdk.Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ok := s.accounts[name]
	if !ok {
		return nil, sdk.NotSent(sdk.CodeInvalidRequest, "account %q is not configured in this plugin process", name)
	}
	a.calls++
	return a, nil
}

func (s *Server) release(a *account) {
	s.mu.Lock()
	a.calls--
	last := a.retired && a.calls == 0
	s.mu.Unlock()
	if last {
		s.close(a)
	}
}

// retire marks an account that has left the map and reports whether it can be closed now. The caller holds mu.
func (s *Server) retire(a *account) bool {
	a.retired = true
	return a.calls == 0
}

func (s *Server) close(a *account) {
	if err := a.close(); err != nil {
		s.logger.Warn("closing the provider failed", "account", a.name, "error", err)
	}
}

// configure builds an account and puts it in place of the one of that name, if there is one.
func (s *Server) configure(ctx context.Context, name string, config []byte) (sdk.AccountInfo, error) {
	turn := s.next()
	if !accountName.MatchString(name) {
		return sdk.AccountInfo{}, sdk.Invalid(sdk.Violation{Field: "account", Message: "1 to 64 characters of A-Z a-z 0-9 _ -"})
	}
	if len(config) > wire.MaxInput {
		return sdk.AccountInfo{}, sdk.Invalid(sdk.Violation{Field: "config", Message: fmt.Sprintf("at most %d bytes", wire.MaxInput)})
	}
	a, err := s.build(s, name, config)
	if err != nil {
		return sdk.AccountInfo{}, err
	}
	if err := s.put(ctx, name, a, turn); err != nil {
		s.close(a)
		return sdk.AccountInfo{}, err
	}
	return a.info, nil
}

func (s *Server) next() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turns++
	return s.turns
}

// put makes a the account of that name, nil to have none, unless a later change has been made or the host has given up
// on this one: it takes the account to be as it was.
func (s *Server) put(ctx context.Context, name string, a *account, turn uint64) error {
	s.mu.Lock()
	if err := ctx.Err(); err != nil {
		s.mu.Unlock()
		return sdk.NotSent(sdk.CodeUnavailable, "the call ended before the account was ready: %s", err)
	}
	if turn < s.turn[name] {
		s.mu.Unlock()
		return sdk.NotSent(sdk.CodeUnavailable, "the account was configured again meanwhile")
	}
	s.turn[name] = turn
	old := s.accounts[name]
	if a == nil {
		delete(s.accounts, name)
	} else {
		s.accounts[name] = a
	}
	idle := old != nil && s.retire(old)
	s.mu.Unlock()
	if idle {
		s.close(old)
	}
	return nil
}

// recovered turns a panic into an error of the call in which it happened: the others go on. It must be deferred.
func (s *Server) recovered(verb, account string, err **sdk.Error) {
	p := recover()
	if p == nil {
		return
	}
	s.logger.Error("panic in "+verb, "account", account, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	*err = &sdk.Error{Code: sdk.CodeInternal, Outcome: sdk.OutcomeUnknown, Message: fmt.Sprintf("panic in %s: %v", verb, p)}
}
