package serve

import (
	"bufio"
	"io"
	"log/slog"
	"os"
	"time"
)

// pump turns what is written to a file into log records, one a line, so that a
// plugin's fmt.Println is logged, with secrets masked, and cannot end up
// between the lines that the host reads.
type pump struct {
	file *os.File // to be written to
	done chan struct{}
}

// newPump starts a pump. stream is in its records, such as "stdout".
func newPump(logger *slog.Logger, stream string) (*pump, error) {
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, err
	}

	started := &pump{file: writer, done: make(chan struct{})}
	go func() {
		defer close(started.done)
		defer func() { _ = reader.Close() }() // it was only read
		pumpLines(reader, func(line string) { logger.Info(line, "stream", stream) })
	}()
	return started, nil
}

// pumpLines reads to the end, whatever comes: a reader that stops would block
// the writer for ever. A line longer than a log record may be is passed on in
// pieces.
func pumpLines(from io.Reader, line func(string)) {
	buffered := bufio.NewReaderSize(from, maxLogValue)
	for {
		text, _, err := buffered.ReadLine()
		if len(text) > 0 {
			line(string(text))
		}
		if err != nil {
			return
		}
	}
}

// flush ends the pump once everything that was written is logged, or when limit
// is over: another process may still hold the file's other descriptors.
func (p *pump) flush(limit time.Duration) {
	_ = p.file.Close() // an error could be logged nowhere
	select {
	case <-p.done:
	case <-time.After(limit):
	}
}
