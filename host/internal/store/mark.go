package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// A mark is what a host remembers of its database outside of it: the newest row
// of the audit log that it knows. Everything that moves money adds a row there,
// and each row has a hash over all before, so that a database which does not have
// the row is an older copy or another one.
//
// The mark is written after each commit, before anybody hears of it, and so
// outlives the process. It is synced with each heartbeat: after a loss of power
// it may be some seconds old, which hides no copy that is older than that.
type mark struct {
	path string

	mu    sync.Mutex
	file  *os.File
	known markedRow
	dirty bool
}

// markedRow is a row of the audit log.
type markedRow struct {
	auditHead
	at time.Time // when the mark was written, by the database's clock
}

const (
	markTitle = "payhost mark 1"
	markForm  = markTitle + "\n%020d\n%-64s\n%020d\n"
	markLines = 4
)

// MarkPath returns where a host with a data_dir keeps the mark of a database:
// beside an embedded one, so that it is about this file.
func MarkPath(url, dataDir string) string {
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		return path + ".mark"
	}
	return filepath.Join(dataDir, "payhost.mark")
}

// WithMark has the store keep a mark in a file, and compare the database with it.
// Without it no database is taken for a copy.
func WithMark(path string) Option {
	return func(s *Store) { s.mark = &mark{path: path} }
}

// open reads the mark; there is none when the file does not exist or cannot be
// understood.
func (m *mark) open() error {
	file, err := os.OpenFile(m.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("open the mark of the database: %w", err)
	}
	m.file = file
	text, err := os.ReadFile(m.path)
	if err != nil {
		return errors.Join(fmt.Errorf("read the mark of the database: %w", err), file.Close())
	}
	m.known = parseMark(string(text))

	return nil
}

// parseMark returns what a mark says; the zero row when it says nothing.
func parseMark(text string) (row markedRow) {
	lines := strings.Split(text, "\n")
	if len(lines) < markLines || lines[0] != markTitle {
		return markedRow{}
	}
	var at int64
	_, err := fmt.Sscanf(lines[1]+" "+strings.TrimSpace(lines[2])+" "+lines[3], "%d %s %d",
		&row.position, &row.hash, &at)
	if err != nil || row.position <= 0 {
		return markedRow{}
	}
	row.at = fromMicros(at)

	return row
}

// reached remembers a row that is on disk, unless a newer one is remembered.
// forced replaces what is remembered.
func (m *mark) reached(row auditHead, now time.Time, forced bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if row.position == 0 || (!forced && row.position <= m.known.position) {
		return nil
	}

	m.known = markedRow{auditHead: row, at: now}
	m.dirty = true
	_, err := fmt.Fprintf(&markWriter{file: m.file}, markForm, row.position, row.hash, micros(now))
	return err
}

// markWriter writes to the beginning of a file.
type markWriter struct{ file *os.File }

func (w *markWriter) Write(text []byte) (int, error) { return w.file.WriteAt(text, 0) }

func (m *mark) last() markedRow {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.known
}

// sync makes the mark outlive a loss of power.
func (m *mark) sync() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.dirty {
		return nil
	}
	m.dirty = false
	return m.file.Sync()
}

// SyncMark makes the mark outlive a loss of power. It does nothing without one.
func (s *Store) SyncMark() error {
	if s.mark == nil {
		return nil
	}
	return s.mark.sync()
}

// markReached remembers the newest row of a commit.
func (s *Store) markReached(row auditHead) {
	if s.mark == nil {
		return
	}
	if err := s.mark.reached(row, s.clock.now(), false); err != nil {
		s.log.Error("the mark of the database could not be written: an older copy of it "+
			"might not be noticed", "file", s.mark.path, "error", err)
	}
}

// CompareWithMark sets the fence when the database is not the one that this host
// has last worked on. It is called at the beginning and with each heartbeat: a
// server may fail over to one that has lost commits.
func (s *Store) CompareWithMark(ctx context.Context) error {
	if s.mark == nil {
		return nil
	}
	var head auditHead
	why := ""
	err := s.Write(ctx, func(tx *Tx) (err error) {
		if err := head.scan(tx.queryRow(ctx, readAuditHead)); err != nil {
			return fmt.Errorf("read the end of the audit log: %w", err)
		}
		why, err = tx.compareWithMark(ctx, s.mark.last(), head)
		return err
	})
	if err != nil {
		return fmt.Errorf("compare the database with the mark in %s: %w", s.mark.path, err)
	}
	if why != "" {
		s.log.Error("no money moves on this database any more: see payhost fence show",
			"reason", why, "mark", s.mark.path)
	}

	s.markReached(head)
	return nil
}

// compareWithMark sets the fence when a marked row is not in the database, and
// says why; "" when it has set none.
func (t *Tx) compareWithMark(
	ctx context.Context, known markedRow, head auditHead,
) (why string, err error) {
	kept, err := t.Setting(ctx, settingMarked)
	if err != nil {
		return "", err
	}
	if kept == "" { // the first host that keeps marks
		return "", t.SetSetting(ctx, settingMarked, "1")
	}
	fence, err := t.Fence(ctx)
	if err != nil || fence != nil {
		return "", err
	}

	why, err = t.whyForeign(ctx, known, head)
	if err != nil || why == "" {
		return "", err
	}
	return why, t.setFence(ctx, why)
}

// whyForeign says why the database is not the one of the mark; "" when it is.
func (t *Tx) whyForeign(ctx context.Context, known markedRow, head auditHead) (string, error) {
	if known.position == 0 {
		return t.whyUnmarked(ctx, head)
	}
	lifted, err := t.Setting(ctx, settingLifted)
	if err != nil {
		return "", err
	}
	if lifted != "" && lifted > fmt.Sprintf("%020d", micros(known.at)) {
		return "", nil // an operator has decided since
	}

	if head.position < known.position {
		return fmt.Sprintf("it is an older copy: this host knows its audit log up to entry %d of "+
			"%s, and here it ends with entry %d", known.position,
			known.at.UTC().Format(time.RFC3339), head.position), nil
	}
	hash, err := t.firstText(ctx, `SELECT hash FROM audit WHERE position = $1`, known.position)
	if err != nil || hash == known.hash {
		return "", err
	}
	return fmt.Sprintf("it is not the database that this host has worked on: entry %d of its audit "+
		"log is another one", known.position), nil
}

// whyUnmarked is whyForeign for a host that has no mark. On a server it may be
// one more host beside others, which then are alive.
func (t *Tx) whyUnmarked(ctx context.Context, head auditHead) (string, error) {
	if head.position == 0 {
		return "", nil // nothing was ever done in it
	}
	var others int
	err := t.queryRow(ctx, `SELECT COUNT(*) FROM hosts WHERE beat_at >= $1`,
		micros(t.Now().Add(-HostGoneAfter))).Scan(&others)
	if err != nil {
		return "", err
	}
	if t.engine.clock != "" && others > 0 {
		return "", nil
	}

	return "it may be a copy, or restored: this host has never worked on it, and no other host is " +
		"alive on it", nil
}

// RemoveMark removes the mark of a database that is no more.
func RemoveMark(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
