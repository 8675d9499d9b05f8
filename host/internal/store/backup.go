package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// BackedUp says what a backup has.
type BackedUp struct {
	Intents int64 `json:"intents"`
	// Newest is the newest entry of the audit log that it has, and NewestAt when it
	// was made.
	Newest   string    `json:"newest_audit"`
	NewestAt time.Time `json:"newest_audit_at"`
	Bytes    int64     `json:"bytes"`
}

// ErrOnServer is for a database that the server's own tools back up.
var ErrOnServer = errors.New("PostgreSQL is backed up with its own tools: pg_dump, or a copy of " +
	"the whole server with its log. A host that starts on a restored database finds out, and no " +
	"money moves before payhost fence lift")

// Backup copies an embedded database to a file that must not exist, while hosts
// work on it, and checks the copy. It has everything of one moment. Only the user
// who runs it can read the file.
func Backup(ctx context.Context, url, path string) (BackedUp, error) {
	if !strings.HasPrefix(url, "sqlite:") {
		return BackedUp{}, ErrOnServer
	}
	if _, err := os.Lstat(path); err == nil {
		return BackedUp{}, fmt.Errorf("%s exists, and is left as it is", path)
	}
	s, err := OpenToRead(ctx, url)
	if err != nil {
		return BackedUp{}, err
	}
	defer s.Close() //nolint:errcheck // it only read

	file, ok := s.db.(*sqliteFile)
	if !ok {
		return BackedUp{}, ErrOnServer
	}
	// SQLite makes the file as the process's mask says: it is there before.
	made, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return BackedUp{}, err
	}
	if err := made.Close(); err != nil {
		return BackedUp{}, err
	}

	if _, err := file.writer.ExecContext(ctx, "VACUUM INTO ?", path); err != nil {
		return BackedUp{}, errors.Join(fmt.Errorf("copy the database: %w", err), os.Remove(path))
	}
	found, err := CheckBackup(ctx, path)
	if err != nil {
		return found, errors.Join(err, os.Remove(path))
	}
	return found, syncFile(path)
}

func syncFile(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}

// CheckBackup reads a copy of an embedded database from end to end. The error
// says what is wrong with it.
func CheckBackup(ctx context.Context, path string) (found BackedUp, err error) {
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro&immutable=1")
	if err != nil {
		return found, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()

	var verdict string
	if err := db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&verdict); err != nil {
		return found, fmt.Errorf("%s is no database of Payhost's, or it is damaged: %w", path, err)
	}
	if verdict != "ok" {
		return found, fmt.Errorf("%s is damaged: %s", path, verdict)
	}

	var position, at int64
	err = db.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM intents), position,
		COALESCE((SELECT at FROM audit WHERE audit.position = audit_head.position), 0)
		FROM audit_head`).Scan(&found.Intents, &position, &at)
	if err != nil {
		return found, fmt.Errorf("%s has not the tables of this payhost: %w", path, err)
	}
	found.Newest, found.NewestAt = AuditID(position), fromMicros(at).UTC()

	info, err := os.Stat(path)
	if err == nil {
		found.Bytes = info.Size()
	}
	return found, err
}
