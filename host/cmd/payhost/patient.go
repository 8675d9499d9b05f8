package main

import (
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// maxPending bounds what waits for a reader, in bytes.
const maxPending = 4 << 20

// flushWithin bounds how long the end of the process waits for a reader.
const flushWithin = time.Second

// patient writes for a process that must not wait: to a terminal that is
// stopped, or a pipe that nobody reads, a write can take for ever. What waits
// for the reader is bounded; what comes on top of it is dropped and counted.
type patient struct {
	to      io.Writer
	dropped atomic.Int64 // lines since the start
	// missing is what is said in the place of so many lines; nil: nothing is.
	missing func(lines int64) []byte

	mu      sync.Mutex
	pending [][]byte
	size    int
	missed  int64 // lines dropped of which nothing has been written yet
	more    chan struct{}
	written chan struct{} // closed when the last write is over
	ended   bool
}

// newPatient begins to write to a writer.
func newPatient(to io.Writer, missing func(lines int64) []byte) *patient {
	p := &patient{
		to:      to,
		missing: missing,
		more:    make(chan struct{}, 1),
		written: make(chan struct{}),
	}
	go p.carry()
	return p
}

// Write takes a line, or drops it. It never fails: whoever logs cannot help it.
func (p *patient) Write(line []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended || p.size+len(line) > maxPending {
		p.missed++
		p.dropped.Add(1)
		return len(line), nil
	}

	p.pending = append(p.pending, append([]byte(nil), line...))
	p.size += len(line)
	p.wake()

	return len(line), nil
}

// wake has carry look. The caller holds the lock.
func (p *patient) wake() {
	select {
	case p.more <- struct{}{}:
	default:
	}
}

// carry writes what is pending until the end.
func (p *patient) carry() {
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

// next takes what is pending, and says how much is missing in between.
func (p *patient) next() (lines [][]byte, ended bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	lines, p.pending, p.size = p.pending, nil, 0
	if p.missed > 0 && p.missing != nil {
		lines = append(lines, p.missing(p.missed))
	}
	p.missed = 0
	return lines, p.ended
}

// close writes what is left, for as long as a reader may take. What is written
// later is dropped.
func (p *patient) close() {
	p.mu.Lock()
	p.ended = true
	p.wake()
	p.mu.Unlock()
	select {
	case <-p.written:
	case <-time.After(flushWithin):
	}
}
