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
)

const (
	maxLine     = 64 << 10 // what is kept of a line; the rest of it is read and thrown away
	maxAttrs    = 32       // what is kept of a structured record
	tailLines   = 12       // what an error quotes of what was printed last, or of a panic
	beforePanic = 3        // of these, lines before the panic
	tailLength  = 400      // of each of these lines
)

// readLines returns every line up to the end, whatever comes: a reader that
// stops would block the plugin for ever. A line longer than maxLine is given as
// its beginning.
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
	mask   *Mask
	budget *budget // nil: none

	panicking bool // the lines that follow on stderr are a panic's; of the reader of stderr alone

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
		o.remember(string(line[:min(len(line), tailLength)])) // it may be the last
		return
	}

	if r, ok := o.structured(line); ok {
		o.remember(r.Message)
		o.sink.put(r)
		return
	}

	text := string(line)
	if !o.panicking &&
		(strings.HasPrefix(text, "panic: ") || strings.HasPrefix(text, "fatal error: ")) {
		o.panicking = true
		o.makeRoom()
	}

	o.remember(text)
	level := slog.LevelInfo
	if o.panicking {
		level = slog.LevelError
	}

	o.sink.put(o.plain(level, text, "stderr"))
}

func (o *output) plain(level slog.Level, text, stream string) slog.Record {
	r := slog.NewRecord(time.Now(), level, o.mask.Text(strings.ToValidUTF8(text, "�")), 0)
	r.AddAttrs(slog.String("stream", stream))
	return r
}

// structured reads a JSON record. Nothing of it is trusted to have the type it
// should.
func (o *output) structured(line []byte) (slog.Record, bool) {
	line = bytes.TrimSpace(line)
	if len(line) == 0 || line[0] != '{' {
		return slog.Record{}, false
	}
	var fields map[string]any
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	if d.Decode(&fields) != nil || d.More() {
		return slog.Record{}, false
	}

	message, ok := takeString(fields, "@message", "msg")
	if !ok {
		return slog.Record{}, false
	}
	level, _ := takeString(fields, "@level", "level")
	_, _ = takeString(fields, "@timestamp", "time") // the host's clock is the log's
	r := slog.NewRecord(time.Now(), levelOf(level), o.mask.Text(message), 0)

	for i, key := range slices.Sorted(maps.Keys(fields)) {
		if i == maxAttrs {
			break
		}
		r.AddAttrs(slog.Any(attrKey(key), o.maskValue(fields[key])))
	}

	return r, true
}

// takeString removes the first of the keys that holds a string.
func takeString(fields map[string]any, keys ...string) (string, bool) {
	for _, key := range keys {
		if s, ok := fields[key].(string); ok {
			delete(fields, key)
			return s, true
		}
	}
	return "", false
}

// attrKey keeps a plugin from speaking in the name of another: these keys are
// the host's.
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
func (o *output) maskValue(v any) any {
	switch v := v.(type) {
	case string:
		return o.mask.Text(v)
	case json.Number:
		return o.mask.Text(v.String())
	case []any:
		for i := range v {
			v[i] = o.maskValue(v[i])
		}

	case map[string]any:
		clean := make(map[string]any, len(v))
		for key, inner := range v {
			clean[o.mask.Text(key)] = o.maskValue(inner)
		}
		return clean
	}

	return v
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

func (o *output) remember(line string) {
	if len(line) > tailLength {
		line = line[:tailLength]
	}
	o.mu.Lock()
	defer o.mu.Unlock()

	if len(o.tail) == tailLines {
		if o.panicking {
			return // the first lines of a panic tell what happened, the many that follow do not
		}
		o.tail = slices.Delete(o.tail, 0, 1)
	}

	o.tail = append(o.tail, line)
}

// makeRoom keeps only a few lines of those before a panic.
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
// output. Lines may be cut where its pieces end.
type lineWriter struct{ line func([]byte) }

func (w lineWriter) Write(b []byte) (int, error) {
	readLines(bytes.NewReader(b), w.line)
	return len(b), nil
}

// What a plugin may log, on average and at once. Beyond that lines are read and
// thrown away, and counted.
const (
	logLines      = 200 // a second
	logLinesOnce  = 10_000
	logBytes      = 256 << 10 // a second
	logBytesOnce  = 8 << 20
	reportDropped = 10 * time.Second // at most this often the log says how many
)

// budget bounds what of a plugin's output is looked at. It may be used by
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
