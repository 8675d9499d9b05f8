package plugin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

// maxHandshake bounds the line that a plugin introduces itself with: addresses
// and a certificate.
const maxHandshake = 8 << 10

// lastOutput is how long what a dead process printed may still be read: another
// process may hold its pipes open.
const lastOutput = time.Second

// launcher runs the command: it is go-plugin's runner.Runner. It starts the
// process and waits for it on one thread, which it keeps until the process has
// ended, and reads all that it prints; go-plugin sees only the handshake's
// line.
type launcher struct {
	cmd     *exec.Cmd
	output  *output
	sockets string // go-plugin's folder for this process's sockets
	confine *confinement

	// stdout and stderr read what the process prints, to the end.
	stdout, stderr func(io.Reader)

	// isolation is the result of confine; complete once Start has returned.
	isolation Isolation

	shake     *io.PipeReader // go-plugin reads the handshake here
	shakeEnd  *io.PipeWriter
	firstLine string // of stdout, for errors; set before the handshake is passed on

	pid     int
	ended   chan struct{} // closed when the process has ended, or could not be started
	endErr  error         // how it ended, once ended is closed
	readers sync.WaitGroup

	mu      sync.Mutex
	alive   bool // there is a process, and its id is its own
	givenUp bool // kill was called
	killed  bool // kill was called while it was alive
}

func newLauncher(o *output) *launcher {
	l := &launcher{output: o, ended: make(chan struct{})}
	l.shake, l.shakeEnd = io.Pipe()
	l.stdout = l.readStdout
	l.stderr = func(r io.Reader) { readLines(r, o.stderrLine) }
	return l
}

// Start starts the process.
func (l *launcher) Start(context.Context) error {
	stdout, outEnd, err := os.Pipe()
	if err != nil {
		return err
	}
	stderr, errEnd, err := os.Pipe()
	if err != nil {
		return errors.Join(err, stdout.Close(), outEnd.Close())
	}

	l.cmd.Stdout = outEnd
	l.cmd.Stderr = errEnd
	started := make(chan error)
	go onThread(func() { l.run(started) })
	err = <-started
	_ = outEnd.Close() // the process has its own
	_ = errEnd.Close()
	if err != nil {
		return errors.Join(err, stdout.Close(), stderr.Close())
	}

	// Both pipes are read to their ends, whatever comes of the process.
	l.readers.Add(2)
	go l.read(stdout, l.stdout)
	go l.read(stderr, l.stderr)

	return nil
}

// run is the thread that the process depends on: it ends with it.
func (l *launcher) run(started chan<- error) {
	defer close(l.ended)
	if err := l.begin(); err != nil {
		started <- err
		return
	}
	started <- nil
	awaitEnd(l.cmd.Process)
	l.reap()
}

func (l *launcher) begin() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.confine.close()

	if l.givenUp {
		return errors.New("given up before it was started")
	}

	// The thread is confined first: the process inherits that from it.
	closeOnExec()
	l.confine.enter(&l.isolation)
	cmd, err := l.confine.start(l.cmd, &l.isolation)
	l.cmd = cmd
	if err != nil {
		l.confine.giveUp()
		return err
	}

	l.pid = l.cmd.Process.Pid
	l.alive = true
	return nil
}

// read reads one of the pipes to its end, or until a while after the process's.
func (l *launcher) read(pipe *os.File, lines func(io.Reader)) {
	defer l.readers.Done()
	defer func() { _ = pipe.Close() }() // it was only read

	finished := make(chan struct{})
	defer close(finished)
	go func() {
		select {
		case <-l.ended:
			_ = pipe.SetReadDeadline(time.Now().Add(lastOutput))
		case <-finished:
		}
	}()

	lines(pipe)
}

// readStdout passes the first line to go-plugin and logs the others.
func (l *launcher) readStdout(r io.Reader) {
	first := true
	readLines(r, func(line []byte) {
		if !first {
			l.output.stdoutLine(line)
			return
		}
		first = false
		l.firstLine = string(line[:min(len(line), maxHandshake)])
		_, _ = io.WriteString(l.shakeEnd, l.firstLine+"\n")
		_ = l.shakeEnd.Close() // go-plugin reads one line
	})

	_ = l.shakeEnd.Close() // closed already unless there was no line
}

// offeredContract returns the version of the contract in the handshake's line:
// go-plugin has chosen the highest that both sides know, or the plugin's lowest
// where there is none. It reports whether there was such a line.
func (l *launcher) offeredContract() (version int, ok bool) {
	fields := strings.Split(l.firstLine, "|")
	if len(fields) < 4 {
		return 0, false
	}
	version, err := strconv.Atoi(fields[1])
	return version, err == nil
}

// Stdout holds the handshake and nothing else.
func (l *launcher) Stdout() io.ReadCloser { return l.shake }

// Stderr is empty: go-plugin has nothing to read there.
func (l *launcher) Stderr() io.ReadCloser { return io.NopCloser(strings.NewReader("")) }

// Wait waits for the process's end.
func (l *launcher) Wait(context.Context) error {
	<-l.ended
	return l.endErr
}

// Kill kills the process and its group.
func (l *launcher) Kill(context.Context) error {
	l.kill()
	return nil
}

// kill does not wait. When it comes before the process has been started, the
// process is not started.
func (l *launcher) kill() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.givenUp = true
	if l.alive {
		l.killed = true
		killGroup(l.cmd.Process)
	}
}

// ID returns the process's id, "" when it has not started.
func (l *launcher) ID() string {
	if l.pid == 0 {
		return ""
	}
	return strconv.Itoa(l.pid)
}

// Name returns the program's path, for go-plugin's messages.
func (l *launcher) Name() string { return l.cmd.Path }

// Diagnose adds nothing: the error that is given to people quotes what the
// plugin printed.
func (l *launcher) Diagnose(context.Context) string { return "" }

// PluginToHost takes only a socket in the folder that was given to the plugin:
// it must not have the host connect to another program.
func (l *launcher) PluginToHost(network, address string) (string, string, error) {
	if runtime.GOOS == "windows" {
		return network, address, nil
	}
	inFolder := strings.HasPrefix(address, l.sockets+string(os.PathSeparator)) &&
		!strings.Contains(address, "..")
	if network != "unix" || !inFolder {
		return "", "", fmt.Errorf("the plugin listens at %s %q and not in the folder that it was given",
			network, address)
	}

	return network, address, nil
}

// HostToPlugin is not used: the host offers the plugin no services.
func (l *launcher) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}
