package serve

import (
	"bufio"
	"io"
	"log/slog"
	"os"
	"time"
)

// pump turns what is written to a file into log records, one a line, so that a plugin's fmt.Println is logged, with
// secrets masked, and cannot end up between the lines that the host reads.
type pump struct {
	file *os.File // to be written to
	done chan struct{}
}

func newPump(logger *slog.Logger, stream string) (*pump, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p := &pump{file: w, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		defer func() { _ = r.Close() }() // it was only read
		pumpLines(r, func(line string) { logger.Info(line, "stream", stream) })
	}()
	return p, nil
}

// pumpLines reads to the end, whatever comes: a reader that stops would block the writer for ever. A line longer than a
// log record may be is given in pieces.
func pumpLines(r io.Reader, line func(string)) {
	buffered := bufio.NewReaderSize(r, maxLogValue)
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

// flush ends the pump once everything that was written is logged, or after a moment: someone else may still hold the
// file's other descriptors.
func (p *pump) flush(limit time.Duration) {
	_ = p.file.Close() // what could not be logged has nowhere to be told
	select {
	case <-p.done:
	case <-time.After(limit):
	}
}
