package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/payhost/payhost/host"
	"github.com/payhost/payhost/host/config"
)

// settle is how long a changed file must have been left alone: editors write it in several steps.
const settle = 300 * time.Millisecond

// reloads reloads the configuration's file on SIGHUP and, when host.watch says so, when it changes, until ctx ends.
func reloads(ctx context.Context, h *host.Host, cfg *host.Config, hangup <-chan os.Signal, log *slog.Logger) {
	var changes <-chan struct{}
	if cfg.Host.Watch {
		watching, stop, err := watch(cfg.File, log)
		if err != nil {
			log.Error("the configuration's file is not watched; SIGHUP and payhost reload work", "error", err)
		} else {
			defer stop()
			changes = watching
		}
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangup:
			reload(ctx, h, cfg.File, "SIGHUP", log)
		case <-changes:
			reload(ctx, h, cfg.File, "the file changed", log)
		}
	}
}

// reload makes a running host take over its file, and logs what became of it.
func reload(ctx context.Context, h *host.Host, file, why string, log *slog.Logger) {
	log.Info("reloading", "file", file, "because", why)
	cfg, err := host.LoadConfig(file)
	if err != nil {
		logInvalid(err, log)
		return
	}
	results, err := h.Reload(ctx, cfg, false)
	if err != nil {
		logInvalid(err, log)
		return
	}
	for _, r := range results {
		if r.Error != nil {
			log.Error("reload failed for a provider; what served before still serves", "provider", r.Name, "error", r.Error)
			continue
		}
		log.Info("reloaded", "name", r.Name, "result", string(r.Action))
	}
}

// logInvalid logs every problem of a configuration that was not taken over.
func logInvalid(err error, log *slog.Logger) {
	var problems *config.Problems
	if !errors.As(err, &problems) {
		log.Error("reload failed; nothing has changed", "error", err)
		return
	}
	for _, p := range *problems {
		log.Error("the configuration has a problem", "problem", p.String())
	}
	log.Error("nothing has changed: the configuration is not valid", "problems", len(*problems))
}

// watch tells when a file has changed and been left alone since. The folder is watched and not the file: editors and
// deployments put a new file in its place, or turn a link to another folder.
func watch(file string, log *slog.Logger) (changed <-chan struct{}, stop func(), err error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, nil, err
	}
	if err := w.Add(filepath.Dir(file)); err != nil {
		return nil, nil, errors.Join(err, w.Close())
	}
	tell := make(chan struct{}, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		settled(w, file, tell, log)
	}()
	return tell, func() {
		_ = w.Close() // ends settled
		<-done
	}, nil
}

// settled passes on that the file looks different, once things have been quiet for a while.
func settled(w *fsnotify.Watcher, file string, tell chan<- struct{}, log *slog.Logger) {
	quiet := time.NewTimer(settle)
	quiet.Stop()
	defer quiet.Stop()
	last := look(file)
	for {
		select {
		case _, ok := <-w.Events:
			if !ok {
				return
			}
			quiet.Reset(settle)
		case err, ok := <-w.Errors:
			if !ok {
				return
			}
			log.Warn("watching the configuration's file", "error", err)
			quiet.Reset(settle) // events may have been lost
		case <-quiet.C:
			now := look(file)
			if now == last || now == (appearance{}) { // gone for the moment: a new one will come
				continue
			}
			last = now
			select {
			case tell <- struct{}{}:
			default: // it has not been taken yet
			}
		}
	}
}

// appearance tells one version of a file from another.
type appearance struct {
	target   string
	modified time.Time
	size     int64
}

func look(file string) appearance {
	info, err := os.Stat(file)
	if err != nil {
		return appearance{}
	}
	target, _ := filepath.EvalSymlinks(file) // it exists
	return appearance{target, info.ModTime(), info.Size()}
}
