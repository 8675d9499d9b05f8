package main

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/payhost/payhost/host"
	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/sdk"
)

// settle is how long a changed file must have been left alone: editors write it in several steps.
const settle = 300 * time.Millisecond

// reloads reloads the configuration's file on SIGHUP and when it changes, until ctx ends.
func reloads(ctx context.Context, h *host.Host, file string, hangup <-chan os.Signal, changes <-chan struct{}, log *slog.Logger) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangup:
			reload(ctx, h, file, "SIGHUP", log)
		case <-changes:
			reload(ctx, h, file, "the file changed", log)
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
	actions := map[string]int{}
	for _, r := range results {
		actions[string(r.Action)]++
		switch {
		case r.Error != nil:
			logFailed(cfg, r, log)
		case r.Action == host.ActionRestart:
			log.Warn("this setting takes effect only when the host is started again", "key", r.Name)
		}
	}
	var counts []any
	for _, action := range slices.Sorted(maps.Keys(actions)) {
		counts = append(counts, action, actions[action])
	}
	log.Info("reloaded", counts...)
}

// logFailed logs why a provider could not be taken over; what its plugin does not accept, with the line in the file.
func logFailed(cfg *host.Config, r host.ReloadResult, log *slog.Logger) {
	log.Error("reload failed for a provider; what served before still serves", "provider", r.Name, "error", r.Error)
	for _, v := range sdk.AsError(r.Error).Violations {
		key := strings.TrimSuffix("providers."+r.Name+".config."+v.Field, ".")
		log.Error("the configuration has a problem",
			"problem", config.Problem{File: cfg.File, Line: cfg.Position(key), Key: key, Message: v.Message}.String())
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

// watched watches the file when host.watch says so; without a watcher the host runs all the same.
func watched(cfg *host.Config, loaded appearance, log *slog.Logger) (changed <-chan struct{}, stop func()) {
	if !cfg.Host.Watch {
		return nil, func() {}
	}
	changed, stop, err := watch(cfg.File, loaded, log)
	if err != nil {
		log.Error("the configuration's file is not watched; SIGHUP and payhost reload work", "error", err)
		return nil, func() {}
	}
	return changed, stop
}

// watch tells when a file no longer looks as it did when it was loaded, and has been left alone since. The folder is
// watched and not the file: editors and deployments put a new file in its place, or turn a link to another folder.
func watch(file string, loaded appearance, log *slog.Logger) (changed <-chan struct{}, stop func(), err error) {
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
		settled(w, file, loaded, tell, log)
	}()
	return tell, func() {
		_ = w.Close() // ends settled
		<-done
	}, nil
}

// settled passes on that the file looks different, once things have been quiet for a while.
func settled(w *fsnotify.Watcher, file string, last appearance, tell chan<- struct{}, log *slog.Logger) {
	quiet := time.NewTimer(settle) // runs from the start: the file may have changed before it was watched
	defer quiet.Stop()
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
	full, err := filepath.Abs(file)
	if err != nil {
		return appearance{}
	}
	info, err := os.Stat(full)
	if err != nil {
		return appearance{}
	}
	target, _ := filepath.EvalSymlinks(full) // it exists
	return appearance{target, info.ModTime(), info.Size()}
}
