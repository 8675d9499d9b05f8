package serve

import (
	"context"
	"log/slog"
	"os"
	"sync"

	"google.golang.org/grpc"
)

// stdio is where a plugin's output goes. It keeps the process's own files: one
// that is forgotten is closed when the garbage collector finds it, and its
// number given to something else.
type stdio struct {
	ownStdout *os.File // as the process got them
	ownStderr *os.File
	handshake *os.File // the host's end of standard output

	stdout *pump // what the plugin writes to os.Stdout
	stderr *pump // and to os.Stderr
	once   sync.Once
}

// redirect takes standard output away from the plugin. os.Stdout is the host's
// until go-plugin has used it.
func redirect(logger *slog.Logger, stdout *os.File) (*stdio, error) {
	output := &stdio{ownStdout: stdout, ownStderr: os.Stderr}

	var err error
	if output.stdout, err = newPump(logger, "stdout"); err != nil {
		return nil, err
	}
	if output.stderr, err = newPump(logger, "stderr"); err != nil {
		return nil, err
	}
	if output.handshake, err = takeStdout(output.stdout.file); err != nil {
		return nil, err
	}
	os.Stdout = output.handshake
	return output, nil
}

// intercept runs before the first call: go-plugin has by then put pipes of its
// own in place of os.Stdout and os.Stderr, which hosts throw away unless they
// ask for them. File descriptor 2 stays as it is, for the runtime's last words.
func (s *stdio) intercept(
	ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler,
) (any, error) {
	s.once.Do(func() {
		os.Stdout = s.stdout.file
		os.Stderr = s.stderr.file
	})
	return next(ctx, req)
}

// flush waits until all output is logged. Later prints go to standard error.
func (s *stdio) flush() {
	os.Stdout = s.ownStderr
	os.Stderr = s.ownStderr
	_ = pointStdout(s.ownStderr) // nothing is left to be done about it

	s.stderr.flush(endBudget / 4)
	s.stdout.flush(endBudget / 4)
}
