package plugin

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/payhost/payhost/internal/redact"
)

const (
	maxLine     = 64 << 10 // what is kept of a line; the rest of it is read and thrown away
	maxAttrs    = 32       // what is kept of a structured record
	tailLines   = 12       // what an error quotes of what was printed last, or of a panic
	beforePanic = 3        // of these, lines before the panic
	tailLength  = 400      // of each of these lines
)

// readLines passes every line to line up to the end, whatever comes: a reader
// that stops would block the plugin for ever. Only the beginning of a line
// longer than maxLine is passed.
func readLines(r io.Reader, line func([]byte)) {
	buffered := bufio.NewReaderSize(r, maxLine)
	for {
		text, more, err := buffered.ReadLine()
		if len(text) > 0 {
			line(text)
		}
		for more && err == nil {
			_, more, err = buffered.ReadLine()
		}
		if err != nil {
			return
		}
	}
}

// output takes what the plugin prints: structured records and plain lines go to
// the sink, the last lines of stderr are kept for errors. Secrets are masked in
// all of it.
type output struct {
	sink   *logSink
	mask   *redact.Set
	budget *budget // nil: none

	// panicking is set when the lines that follow on stderr are a panic's. Only
	// the reader of stderr uses it.
	panicking bool

	mu   sync.Mutex
	tail []string
}

// stdoutLine takes a line of stdout after the handshake. Plugins made with the
// SDK print none.
func (o *output) stdoutLine(line []byte) {
	if !o.budget.takes(len(line)) {
		o.sink.drop()
		return
	}
	o.sink.put(o.plain(slog.LevelInfo, string(line), "stdout"))
}

// stderrLine takes a line of stderr: a JSON record in the form of hclog or
// slog, or plain text.
func (o *output) stderrLine(line []byte) {
	if !o.budget.takes(len(line)) {
		o.sink.drop()
		o.remember(o.excerpt(line)) // it may be the last
		return
	}

	if record, ok := o.structured(line); ok {
		o.remember(cut(record.Message, tailLength))
		o.sink.put(record)
		return
	}

	// From the first line of a panic on all is an error.
	text := string(line)
	if !o.panicking && beginsPanic(text) {
		o.panicking = true
		o.makeRoom()
	}
	o.remember(o.excerpt(line))
	level := slog.LevelInfo
	if o.panicking {
		level = slog.LevelError
	}
	o.sink.put(o.plain(level, text, "stderr"))
}

// beginsPanic reports whether a line is the first of what Go's runtime prints
// when a program fails.
func beginsPanic(line string) bool {
	return strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ")
}

// excerpt returns as much of a line as an error quotes, without secrets. A long
// line is cut before it is masked, so that a flood of them costs little.
func (o *output) excerpt(line []byte) string {
	if len(line) <= tailLength {
		return o.mask.Text(string(line))
	}
	return o.mask.Head(string(line[:tailLength]))
}

// plain makes a record of a line of text.
func (o *output) plain(level slog.Level, text, stream string) slog.Record {
	mask := o.mask.Text
	if len(text) >= maxLine { // its end is missing
		mask = o.mask.Head
	}
	message := mask(strings.ToValidUTF8(text, "�"))
	record := slog.NewRecord(time.Now(), level, message, 0)
	record.AddAttrs(slog.String("stream", stream))
	return record
}

// structured reads a JSON record. Its parts may have any type.
func (o *output) structured(line []byte) (slog.Record, bool) {
	line = bytes.TrimSpace(line)
	if len(line) == 0 || line[0] != '{' {
		return slog.Record{}, false
	}
	var fields map[string]any
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.UseNumber()
	if decoder.Decode(&fields) != nil || decoder.More() {
		return slog.Record{}, false
	}

	// A JSON object without a message is logged as plain text.
	message, ok := takeString(fields, "@message", "msg")
	if !ok {
		return slog.Record{}, false
	}
	level, _ := takeString(fields, "@level", "level")
	_, _ = takeString(fields, "@timestamp", "time") // the host's clock is the log's
	record := slog.NewRecord(time.Now(), levelOf(level), o.mask.Text(message), 0)
	// A key may hold a secret as well as a value, so both are masked.
	for n, key := range slices.Sorted(maps.Keys(fields)) {
		if n == maxAttrs {
			break
		}
		record.AddAttrs(slog.Any(attrKey(o.mask.Text(key)), o.maskValue(fields[key])))
	}
	return record, true
}

// takeString removes the first of the keys that holds a string.
func takeString(fields map[string]any, keys ...string) (string, bool) {
	for _, key := range keys {
		if text, ok := fields[key].(string); ok {
			delete(fields, key)
			return text, true
		}
	}
	return "", false
}

// attrKey keeps a plugin from logging in the name of another: these keys are the
// host's.
func attrKey(key string) string {
	switch key {
	case "plugin",
		"version",
		"pid",
		slog.LevelKey,
		slog.TimeKey,
		slog.MessageKey,
		slog.SourceKey:
		return "plugin_" + key
	}
	return key
}

// maskValue masks every string in a decoded JSON value.
func (o *output) maskValue(value any) any {
	switch value := value.(type) {
	case string:
		return o.mask.Text(value)
	case json.Number:
		// A number stays one, unless it is a secret.
		if masked := o.mask.Text(value.String()); masked != value.String() {
			return masked
		}
		return value
	case []any:
		for n := range value {
			value[n] = o.maskValue(value[n])
		}
	case map[string]any:
		masked := make(map[string]any, len(value))
		for key, inner := range value {
			masked[o.mask.Text(key)] = o.maskValue(inner)
		}
		return masked
	}
	return value
}

func levelOf(text string) slog.Level {
	switch strings.ToLower(text) {
	case "trace", "debug":
		return slog.LevelDebug
	case "warn", "warning":
		return slog.LevelWarn
	case "error", "fatal", "panic":
		return slog.LevelError
	}
	return slog.LevelInfo
}

// remember keeps a line, masked and cut, for errors. It keeps the
// first lines of a panic, which tell what happened, and the last of all else.
func (o *output) remember(line string) {
	o.mu.Lock()
	defer o.mu.Unlock()

	if len(o.tail) == tailLines {
		if o.panicking {
			return
		}
		o.tail = slices.Delete(o.tail, 0, 1)
	}
	o.tail = append(o.tail, line)
}

// makeRoom keeps only a few of the lines before a panic.
func (o *output) makeRoom() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.tail = slices.Delete(o.tail, 0, max(0, len(o.tail)-beforePanic))
}

// quote adds to err what the plugin printed last on stderr.
func (o *output) quote(err error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err == nil || len(o.tail) == 0 {
		return err
	}

	last := strings.ToValidUTF8(o.mask.Text(strings.Join(o.tail, " | ")), "�")
	return errors.New(o.mask.Text(fmt.Sprint(err)) + "; it printed last: " + last)
}

// lineWriter takes what arrives over go-plugin's stream for the plugin's
// output. Lines may be cut where its pieces end, but no secret is.
type lineWriter struct {
	stream redact.Stream
	line   func([]byte)
}

func newLineWriter(mask *redact.Set, line func([]byte)) *lineWriter {
	return &lineWriter{stream: redact.Stream{Set: mask}, line: line}
}

func (w *lineWriter) Write(piece []byte) (int, error) {
	readLines(strings.NewReader(w.stream.Next(string(piece))), w.line)
	return len(piece), nil
}

// A plugin's log may have so much, on average and at once. Lines beyond that are
// read, thrown away, and counted.
const (
	logLines      = 200 // a second
	logLinesOnce  = 10_000
	logBytes      = 256 << 10 // a second
	logBytesOnce  = 8 << 20
	reportDropped = 10 * time.Second // at most this often the log says how many
)

// budget bounds how much of a plugin's output is logged. It may be used by
// several goroutines; nil bounds nothing.
type budget struct {
	lines, bytes *rate.Limiter
	now          func() time.Time
}

func newBudget() *budget {
	return &budget{
		lines: rate.NewLimiter(logLines, logLinesOnce),
		bytes: rate.NewLimiter(logBytes, logBytesOnce),
		now:   time.Now,
	}
}

// takes reports whether a line of so many bytes is within the budget.
func (b *budget) takes(size int) bool {
	if b == nil {
		return true
	}
	at := b.now()
	return b.lines.AllowN(at, 1) && b.bytes.AllowN(at, size)
}
