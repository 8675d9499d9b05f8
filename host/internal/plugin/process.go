package plugin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	goplugin "github.com/hashicorp/go-plugin"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/client"
)

// abandonAfter is how long a killed process may take to disappear before Stop
// no longer waits for it: one that hangs in the kernel cannot be killed.
const abandonAfter = 5 * time.Second

// Process is one running plugin. It must be stopped, also after it has ended by
// itself.
type Process struct {
	binary  Binary
	client  *client.Client
	info    sdk.Info
	pid     int
	started time.Time

	gp       *goplugin.Client
	launcher *launcher // nil when the process was not started here
	conns    *connections
	sink     *logSink
	output   *output

	excess atomic.Pointer[error] // why guard has ended it

	done chan struct{}
	err  error // why it has ended, once done is closed

	stopOnce sync.Once
	stopping chan struct{}
	stopped  chan struct{}
	left     error // what could not be ended, once stopped is closed
}

// Client returns the client of the plugin.
func (p *Process) Client() *client.Client { return p.client }

// Info returns what the plugin said of itself when it started.
func (p *Process) Info() sdk.Info { return p.info }

// Version returns the version that the plugin said it has.
func (p *Process) Version() string { return p.info.Version }

// Binary returns the program that runs.
func (p *Process) Binary() Binary { return p.binary }

// Checksum returns the sha256 of the program that runs, in hex.
func (p *Process) Checksum() string { return p.binary.Checksum }

// PID returns the process's id.
func (p *Process) PID() int { return p.pid }

// Isolation returns what keeps the process from the rest of the machine.
func (p *Process) Isolation() Isolation {
	if p.launcher == nil {
		return Isolation{Missing: []string{"everything: attached for debugging"}}
	}
	return p.launcher.isolation
}

// StartedAt returns when the process first answered.
func (p *Process) StartedAt() time.Time { return p.started }

// Done returns a channel that is closed as soon as the process or the
// connection to it is gone.
func (p *Process) Done() <-chan struct{} { return p.done }

// Stopping returns a channel that is closed when Stop is called: calls in
// flight are about to be cut.
func (p *Process) Stopping() <-chan struct{} { return p.stopping }

// Ready reports whether the connection is whole.
func (p *Process) Ready() bool { return p.conns.ready() }

// AwaitReady waits while the connection is broken, until it is whole again,
// Done is closed, or ctx ends. The connection of a process that dies breaks a
// moment before its end is seen; a call that began in that moment would be
// lost.
func (p *Process) AwaitReady(ctx context.Context) {
	if p.Ready() {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	// The goroutine ends with ctx as well, so none outlives this call.
	ready := make(chan struct{})
	go func() {
		defer close(ready)
		p.conns.awaitReady(ctx)
	}()

	select {
	case <-p.done:
		cancel()
		<-ready
	case <-ready:
	}
}

// Err returns why the process is gone, with what it printed last; nil before
// Done is closed.
func (p *Process) Err() error {
	select {
	case <-p.done:
		return p.output.quote(p.err)
	default:
		return nil
	}
}

// watch closes done at the end of the process. The thread that waits for the
// process sees that end, also while others hold its pipes open. The end of the
// connection counts as well: a plugin that cannot be reached is of no use.
func (p *Process) watch() {
	ctx, cancel := context.WithCancel(context.Background())
	lost := make(chan error, 1)
	go func() { lost <- p.conns.watch(ctx) }()

	select {
	case <-p.ended():
		p.err = p.endedBecause()
		cancel()
		<-lost //nolint:errcheck // it ended because of cancel
	case err := <-lost:
		p.err = p.lostOrEnded(err)
		cancel()
	}

	close(p.done)
}

// lostOrEnded returns the better of two causes: the connection of a process
// that dies breaks a moment before its end is seen.
func (p *Process) lostOrEnded(err error) error {
	select {
	case <-p.ended():
		return p.endedBecause()
	case <-time.After(100 * time.Millisecond):
		return err
	}
}

// endedBecause returns why a process has ended.
func (p *Process) endedBecause() error {
	if excess := p.excess.Load(); excess != nil {
		return *excess
	}
	return errors.New(p.launcher.exitText())
}

// ended returns a channel that is closed when the process has ended; nil for an
// attached process, which is not the host's to wait for.
func (p *Process) ended() <-chan struct{} {
	if p.launcher == nil {
		return nil
	}
	return p.launcher.ended
}

// Stop asks the process to end and kills it, and all that it started, when the
// budget is over. It cuts calls in flight: drain first. It may be called more
// than once and by several goroutines; the shortest budget counts. When it
// returns, nothing of the process is left, except what EndErr tells.
func (p *Process) Stop(budget time.Duration) {
	if p.launcher == nil {
		p.disconnect()
		return
	}

	// Every caller brings a deadline of its own; the shutdown runs once.
	kill := time.AfterFunc(budget, p.launcher.kill)
	defer kill.Stop()
	p.stopOnce.Do(func() {
		close(p.stopping)
		go p.shutDown()
	})

	select {
	case <-p.stopped:
	case <-time.After(budget + abandonAfter):
		p.log().Error("the plugin's process cannot be killed", "pid", p.pid)
	}
}

// log returns the logger with the plugin's name, and all that is known of it.
func (p *Process) log() *slog.Logger { return p.sink.logger.Load() }

// Kill ends the process at once. Stop must still be called.
func (p *Process) Kill() {
	if p.launcher != nil {
		p.launcher.kill()
	}
}

// EndErr returns, once Stop has returned, what was wrong with the process's
// end: it had to be killed, it ended with an error, or something that it has
// started could not be ended.
func (p *Process) EndErr() error {
	switch {
	case p.launcher == nil:
		return nil
	case !p.launcher.endedByItself():
		return errors.New("it did not end by itself when it was asked to, and was killed")
	case p.launcher.endErr != nil:
		return errors.New(p.launcher.exitText())
	}
	return p.left
}

// shutDown returns when the process has ended. go-plugin's Kill first asks the
// plugin to end, without a deadline: Stop kills the process meanwhile when its
// budget is over.
func (p *Process) shutDown() {
	p.gp.Kill()
	p.launcher.kill() // go-plugin does nothing when the start had failed early
	if p.launcher.pid != 0 {
		<-p.launcher.ended
		p.endChildren()
	}

	// Its output is logged before its end is reported.
	p.conns.close()
	p.launcher.readers.Wait()
	_ = os.RemoveAll(p.launcher.sockets)
	p.sink.close(time.Second)
	close(p.stopped)
}

// endChildren ends what the process has started.
func (p *Process) endChildren() {
	p.left = p.launcher.confine.endMarked()
	if p.left != nil {
		p.log().Error("what the plugin has started could not all be ended", "error", p.left.Error())
	}
}

// endedByItself reports whether a process that has ended was not killed:
// go-plugin kills one whose handshake it does not like.
func (l *launcher) endedByItself() bool {
	if l.pid == 0 {
		return false
	}
	byKill := l.endErr != nil && l.endErr.Error() == "signal: killed"
	return !l.killed || !byKill
}

// exitText returns how the process ended.
func (l *launcher) exitText() string {
	if l.endErr == nil {
		return "the process exited by itself (exit status 0)"
	}
	return fmt.Sprintf("the process ended: %s", l.endErr)
}
