package main

import (
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// maxPending bounds the output that waits for a reader, in bytes.
const maxPending = 4 << 20

// flushWithin bounds how long the process waits for a reader at its end.
const flushWithin = time.Second

// droppingWriter is a writer for a process that must not wait. A write to a
// stopped terminal, or to a pipe without a reader, can block for ever. The
// pending output is bounded; lines beyond it are dropped and counted.
type droppingWriter struct {
	to      io.Writer
	dropped atomic.Int64 // lines since the start
	// missing returns the line that stands for dropped ones; nil: none does.
	missing func(lines int64) []byte

	mu      sync.Mutex
	pending [][]byte
	size    int
	missed  int64 // dropped lines that missing has not reported yet
	more    chan struct{}
	written chan struct{} // closed when the last write is over
	ended   bool
}

// newDroppingWriter returns a writer that begins to write to another one.
func newDroppingWriter(to io.Writer, missing func(lines int64) []byte) *droppingWriter {
	p := &droppingWriter{
		to:      to,
		missing: missing,
		more:    make(chan struct{}, 1),
		written: make(chan struct{}),
	}
	go p.carry()
	return p
}

// Write takes a line, or drops it. It never fails: a logger could do nothing
// about an error.
func (p *droppingWriter) Write(line []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended || p.size+len(line) > maxPending {
		p.missed++
		p.dropped.Add(1)
		return len(line), nil
	}

	// The line is copied, because its bytes belong to the caller again after
	// Write.
	p.pending = append(p.pending, append([]byte(nil), line...))
	p.size += len(line)
	p.wake()

	return len(line), nil
}

// wake makes carry look for output. The caller holds the lock.
func (p *droppingWriter) wake() {
	select {
	case p.more <- struct{}{}:
	default:
	}
}

// carry writes the pending output until the end.
func (p *droppingWriter) carry() {
	defer close(p.written)
	for range p.more {
		for {
			lines, ended := p.next()
			if len(lines) == 0 && ended {
				return
			}
			if len(lines) == 0 {
				break
			}

			for _, line := range lines {
				if _, err := p.to.Write(line); err != nil {
					p.dropped.Add(1) // the reader has gone
				}
			}
		}
	}
}

// next takes the pending lines, followed by a line about dropped ones.
func (p *droppingWriter) next() (lines [][]byte, ended bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	lines, p.pending, p.size = p.pending, nil, 0
	if p.missed > 0 && p.missing != nil {
		lines = append(lines, p.missing(p.missed))
	}
	p.missed = 0
	return lines, p.ended
}

// close writes the remaining output, as far as the reader accepts it within
// flushWithin. Later output is dropped.
func (p *droppingWriter) close() {
	p.mu.Lock()
	p.ended = true
	p.wake()
	p.mu.Unlock()
	select {
	case <-p.written:
	case <-time.After(flushWithin):
	}
}
