package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/payhost/payhost/sdk/internal/wire"
)

// Bounds of one log line, in bytes. The host's reader takes 64 KiB at a time,
// and a longer line reaches it in pieces that are not JSON.
const (
	maxLogLine  = 16 << 10
	maxLogValue = 4 << 10
	maxLogKey   = 200
)

var _ slog.Handler = lineHandler{}

// lineHandler writes records as the JSON lines that go-plugin's host reads from
// a plugin's stderr. Each is written at once and in one piece: the line before
// a crash counts most.
type lineHandler struct {
	mu     *sync.Mutex
	out    io.Writer
	prefix string // of keys, from WithGroup
	attrs  []slog.Attr
}

func newLineHandler(out io.Writer) lineHandler {
	return lineHandler{mu: &sync.Mutex{}, out: out}
}

// Enabled is always true: the host knows which levels it wants.
func (h lineHandler) Enabled(context.Context, slog.Level) bool { return true }

// WithAttrs copies: two loggers made from one must not write into each other's
// attributes.
func (h lineHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	h.attrs = slices.Clone(h.attrs)
	for _, attr := range attrs {
		h.attrs = append(h.attrs, slog.Attr{Key: h.prefix + attr.Key, Value: attr.Value})
	}
	return h
}

// WithGroup makes the keys to come group.key.
func (h lineHandler) WithGroup(name string) slog.Handler {
	if name != "" {
		h.prefix += name + "."
	}
	return h
}

// Handle writes with one call, under a lock that all handlers made from one
// share.
func (h lineHandler) Handle(_ context.Context, record slog.Record) error {
	line := newLogLine(record.Level, record.Time, record.Message)
	for _, attr := range h.attrs {
		line.add("", attr)
	}
	record.Attrs(func(attr slog.Attr) bool {
		line.add(h.prefix, attr)
		return true
	})
	text := line.bytes()

	h.mu.Lock()
	defer h.mu.Unlock()
	_, err := h.out.Write(text)
	return err
}

// logLine is one line in the making. A field that does not fit is cut or left
// out, and the line says so.
type logLine struct {
	buf  bytes.Buffer
	full bool
}

func newLogLine(level slog.Level, at time.Time, message string) *logLine {
	line := &logLine{}
	line.buf.WriteByte('{')
	line.member("@level", levelName(level))
	line.member("@message", wire.Cut(message, maxLogValue))
	line.member("@timestamp", at.Format("2006-01-02T15:04:05.000000Z07:00"))
	return line
}

// levelName returns hclog's names; levels between slog's belong to the lower
// one.
func levelName(level slog.Level) string {
	switch {
	case level < slog.LevelDebug:
		return "trace"
	case level < slog.LevelInfo:
		return "debug"
	case level < slog.LevelWarn:
		return "info"
	case level < slog.LevelError:
		return "warn"
	default:
		return "error"
	}
}

// add writes an attribute; a group's become key.key.
func (l *logLine) add(prefix string, attr slog.Attr) {
	value := attr.Value.Resolve()
	if value.Kind() == slog.KindGroup {
		if attr.Key != "" {
			prefix += attr.Key + "."
		}
		for _, inner := range value.Group() {
			l.add(prefix, inner)
		}
		return
	}
	if attr.Key == "" {
		return
	}

	// One of go-plugin's own keys with a value that is not a string would make
	// the host panic.
	key := strings.ReplaceAll(prefix+attr.Key, "@", "at_")
	key = wire.Cut(key, maxLogKey)

	switch value.Kind() {
	case slog.KindBool, slog.KindInt64, slog.KindUint64:
		l.member(key, value.Any())
	case slog.KindTime:
		l.member(key, value.Time().Format(time.RFC3339Nano))
	case slog.KindAny:
		l.member(key, wire.Cut(fmt.Sprintf("%+v", value.Any()), maxLogValue))
	default:
		l.member(key, wire.Cut(value.String(), maxLogValue))
	}
}

// member writes one key and value. Text that does not fit is cut shorter,
// anything else is left out.
func (l *logLine) member(key string, value any) {
	const (
		reserve    = 32 // for the last member, the brace and the line's end
		separators = 2
		shortest   = 64 // a text that is not cut any shorter
	)
	name, _ := json.Marshal(key) // a text always marshals

	for {
		text, err := json.Marshal(value)
		size := l.buf.Len() + len(name) + len(text) + separators
		if (err == nil) && (size <= maxLogLine-reserve) {
			l.write(name, text)
			return
		}

		l.full = true
		long, ok := value.(string)
		if !ok || (len(long) < shortest) {
			return
		}
		value = wire.Cut(long, len(long)/2)
	}
}

func (l *logLine) write(name, value []byte) {
	if l.buf.Len() > len("{") {
		l.buf.WriteByte(',')
	}
	l.buf.Write(name)
	l.buf.WriteByte(':')
	l.buf.Write(value)
}

// bytes ends the line and returns it.
func (l *logLine) bytes() []byte {
	if l.full {
		l.buf.WriteString(`,"truncated":true`)
	}
	l.buf.WriteString("}\n")
	return l.buf.Bytes()
}
