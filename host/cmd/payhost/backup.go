package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"filippo.io/age"
	"github.com/spf13/cobra"

	"github.com/payhost/payhost/host"
	"github.com/payhost/payhost/host/internal/store"
)

// sealedTitle is how a file begins that age has encrypted.
const sealedTitle = "age-encryption.org/"

func (a *app) backupCommand() *cobra.Command {
	var recipients []string
	command := &cobra.Command{
		Use:   "backup FILE",
		Short: "Copy the embedded database to a file, while the host runs, and check the copy",
		Long: `Copy the embedded database of config.toml to a file that must not exist, while the host
runs, and read the copy from end to end. It has everything of one moment: payments, keys,
events, webhooks, the audit log, and the keys of webhook and return URLs. It has neither
config.toml with its secrets nor payhost.lock: keep those apart.

With --recipient the file is encrypted with age for the holder of that key. What is in it is
about customers and money either way.

A host on PostgreSQL is backed up with PostgreSQL's own tools.`,
		Example: "  payhost backup /backups/payhost-2026-12-01.db\n" +
			"  payhost backup /backups/payhost-2026-12-01.age --recipient age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
		Args: arguments("FILE"),
	}
	command.Flags().StringArrayVar(&recipients, "recipient", nil,
		"encrypt with age for this `public key`; may be repeated")
	command.RunE = func(cmd *cobra.Command, args []string) error {
		ctx, stop := interruptible(cmd)
		defer stop()
		done, err := a.backup(ctx, args[0], recipients)
		if err != nil {
			return fmt.Errorf("backup: %w", err)
		}
		if a.json {
			return a.printValue(done)
		}
		a.note("%s has %s, up to entry %s of the audit log, of %s; it was read again from end to "+
			"end, %d kB", args[0], count(int(done.Intents), "record"), done.Newest,
			done.NewestAt.Format(time.RFC3339), (done.Bytes+1023)>>10)
		return nil
	}
	return command
}

// backup makes a backup. A plain copy is beside the database for a moment when it
// is to be encrypted.
func (a *app) backup(
	ctx context.Context, path string, recipients []string,
) (done store.BackedUp, err error) {
	cfg, err := host.LoadConfig(a.config)
	if err != nil {
		return done, a.refuseConfig(err)
	}
	url := cfg.Store.URL.Reveal()
	if len(recipients) == 0 {
		return store.Backup(ctx, url, path)
	}

	var keys []age.Recipient
	for _, text := range recipients {
		key, err := age.ParseX25519Recipient(text)
		if err != nil {
			return done, wrongUsage("--recipient %q: %v", text, err)
		}
		keys = append(keys, key)
	}
	if _, err := os.Lstat(path); err == nil {
		return done, fmt.Errorf("%s exists, and is left as it is", path)
	}

	plain := strings.TrimPrefix(url, "sqlite:") + ".backup"
	if done, err = store.Backup(ctx, url, plain); err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, os.Remove(plain)) }()

	return done, writeWhole(path, func(to io.Writer) error {
		sealed, err := age.Encrypt(to, keys...)
		if err != nil {
			return err
		}
		from, err := os.Open(plain)
		if err != nil {
			return err
		}
		_, err = io.Copy(sealed, from)
		return errors.Join(err, from.Close(), sealed.Close())
	})
}

// writeWhole writes a file of the user's alone whole, or not at all.
func writeWhole(path string, write func(io.Writer) error) error {
	file, err := os.OpenFile(path+".part", os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	err = errors.Join(write(file), file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}

func (a *app) restoreCommand() *cobra.Command {
	var identity string
	var replace bool
	command := &cobra.Command{
		Use:   "restore FILE",
		Short: "Put a backup in the place of the embedded database, fenced",
		Long: `Put a backup in the place of the embedded database of config.toml, with the host stopped.
The file is read from end to end first. A database that is there is refused without
--replace, with which it is put aside under another name.

What happened since the backup is not in it, and a shop that repeats its keys would pay
again. So the restored database is fenced: start the host, find out at each provider what
happened since, and then lift the fence. Until then no money moves, and webhooks are taken.`,
		Example: "  payhost restore /backups/payhost-2026-12-01.db\n" +
			"  payhost restore /backups/payhost-2026-12-01.age --identity key.txt --replace",
		Args: arguments("FILE"),
	}
	command.Flags().StringVar(&identity, "identity", "", "the `file` of the key that an encrypted backup is for")
	command.Flags().BoolVar(&replace, "replace", false, "put the database that is there aside")
	command.RunE = func(cmd *cobra.Command, args []string) error {
		ctx, stop := interruptible(cmd)
		defer stop()
		if err := a.restore(ctx, args[0], identity, replace); err != nil {
			return fmt.Errorf("restore: %w", err)
		}
		return nil
	}
	return command
}

func (a *app) restore(ctx context.Context, path, identity string, replace bool) (err error) {
	cfg, err := host.LoadConfig(a.config)
	if err != nil {
		return a.refuseConfig(err)
	}
	url := cfg.Store.URL.Reveal()
	database, embedded := strings.CutPrefix(url, "sqlite:")
	if !embedded {
		return store.ErrOnServer
	}
	unlock, err := store.LockFile(url)
	if errors.Is(err, store.ErrLocked) {
		return fmt.Errorf("%w: stop the host first", err)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()

	_, missing := os.Lstat(database)
	there := !errors.Is(missing, fs.ErrNotExist)
	if there && !replace {
		return fmt.Errorf("%s is there, and may have what the backup does not: with --replace it is "+
			"put aside", database)
	}

	beside := database + ".restoring"
	if err := os.Remove(beside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := writeWhole(beside, func(to io.Writer) error {
		return unsealed(path, identity, to)
	}); err != nil {
		return err
	}
	found, err := store.CheckBackup(ctx, beside)
	if err != nil {
		return errors.Join(err, os.Remove(beside))
	}
	why := fmt.Sprintf("it was restored from a backup that ends with entry %s of the audit log, of %s",
		found.Newest, found.NewestAt.Format(time.RFC3339))
	if err := store.FenceFile(ctx, "sqlite:"+beside, why); err != nil {
		return errors.Join(fmt.Errorf("set the fence: %w", err), os.Remove(beside))
	}

	aside := ""
	if there {
		if aside, err = putAside(database); err != nil {
			return err
		}
	}
	if err := os.Rename(beside, database); err != nil {
		return err
	}
	return a.restored(database, aside, found)
}

// restored says what was done and what comes next.
func (a *app) restored(database, aside string, found store.BackedUp) error {
	if a.json {
		return a.printValue(map[string]any{"database": database, "aside": aside, "backup": found})
	}
	if aside != "" {
		a.note("the former database is %s now", aside)
	}
	since := found.NewestAt.Format(time.RFC3339)
	a.note("%s is restored: %s, up to entry %s of the audit log, of %s",
		database, count(int(found.Intents), "record"), found.Newest, since)
	a.note("it is fenced, and no money moves: start the host, find out at each provider what "+
		"happened since %s, look at payhost attention, then payhost fence lift --reason TEXT", since)
	return nil
}

// putAside renames a database with its logs.
func putAside(database string) (string, error) {
	aside := database + ".before-restore-" + time.Now().UTC().Format("20060102T150405Z")
	for _, end := range []string{"", "-wal", "-shm"} {
		err := os.Rename(database+end, aside+end)
		if err != nil && (end == "" || !errors.Is(err, fs.ErrNotExist)) {
			return "", fmt.Errorf("put %s aside: %w", filepath.Base(database), err)
		}
	}
	return aside, nil
}

// unsealed copies a backup, decrypted when it is encrypted.
func unsealed(path, identity string, to io.Writer) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // it was only read

	from := bufio.NewReader(file)
	title, err := from.Peek(len(sealedTitle))
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	plain := io.Reader(from)
	switch sealed := string(title) == sealedTitle; {
	case sealed && identity == "":
		return fmt.Errorf("%s is encrypted: name the file of its key with --identity", path)
	case sealed:
		keys, err := identities(identity)
		if err != nil {
			return err
		}
		if plain, err = age.Decrypt(from, keys...); err != nil {
			return fmt.Errorf("%s cannot be decrypted with %s: %w", path, identity, err)
		}
	}

	_, err = io.Copy(to, plain)
	return err
}

func identities(path string) ([]age.Identity, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	keys, err := age.ParseIdentities(file)
	if err != nil {
		return nil, fmt.Errorf("%s has no key of age's: %w", path, err)
	}
	return keys, nil
}
