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

	"github.com/payhost/payhost/host"
	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/sdk"
)

// quiet is how long a changed file must stay the same before it is reported:
// editors write it in several steps. lookEvery is how often it is looked at.
const (
	quiet     = 300 * time.Millisecond
	lookEvery = 100 * time.Millisecond
)

// reloads reloads the configuration on SIGHUP and when its file changes, until
// ctx ends.
func reloads(
	ctx context.Context,
	running *host.Host,
	file string,
	hangup <-chan os.Signal,
	changes <-chan struct{},
	log *slog.Logger,
	manager *notifier,
) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangup:
			manager.reloading()
			reload(ctx, running, file, "SIGHUP", log)
			manager.ready()
		case <-changes:
			manager.reloading()
			reload(ctx, running, file, "the file changed", log)
			manager.ready()
		}
	}
}

// reload applies the changed file to a running host, and logs the result.
func reload(ctx context.Context, running *host.Host, file, why string, log *slog.Logger) {
	log.Info("reloading", "file", file, "because", why)
	cfg, results, err := running.ReloadFile(ctx, false)
	if err != nil {
		logInvalid(err, log)
		return
	}

	// Every failure has a log line of its own; the last line counts the
	// results.
	actions := map[string]int{}

	for _, result := range results {
		actions[string(result.Action)]++
		switch {
		case result.Error != nil:
			logFailed(cfg, result, log)
		case result.Action == host.ActionRestart:
			log.Warn(
				"this setting takes effect only when the host is started again",
				"key", result.Name,
			)
		}
	}

	// The actions are sorted, so that equal reloads log equal lines.
	var counts []any
	for _, action := range slices.Sorted(maps.Keys(actions)) {
		counts = append(counts, action, actions[action])
	}

	log.Info("reloaded", counts...)
}

// logFailed logs why a provider could not be reloaded. For a setting that the
// plugin refuses, it logs the line in the file.
func logFailed(cfg *host.Config, r host.ReloadResult, log *slog.Logger) {
	log.Error(
		"reload failed for a provider; its former configuration still serves",
		"provider", r.Name,
		"error", r.Error,
	)

	// A violation without a field is about the plugin's whole table.
	for _, v := range sdk.AsError(r.Error).Violations {
		key := strings.TrimSuffix("providers."+r.Name+".config."+v.Field, ".")
		log.Error(
			"the configuration has a problem",
			"problem", config.Problem{
				File:    cfg.File,
				Line:    cfg.Position(key),
				Key:     key,
				Message: v.Message,
			}.String(),
		)
	}
}

// logInvalid logs every problem of a configuration that was not applied.
func logInvalid(err error, log *slog.Logger) {
	var problems *config.Problems
	if !errors.As(err, &problems) {
		log.Error("reload failed; nothing has changed", "error", err)
		return
	}

	for _, p := range *problems {
		log.Error("the configuration has a problem", "problem", p.String())
	}
	log.Error(
		"nothing has changed: the configuration is not valid",
		"problems", len(*problems),
	)
}

// watched watches the file when host.watch is set.
func watched(cfg *host.Config, loaded appearance) (changed <-chan struct{}, stop func()) {
	if !cfg.Host.Watch {
		return nil, func() {}
	}
	return watch(cfg.File, loaded)
}

// watch reports on changed when a file differs from the loaded one and has
// stopped changing. It looks at the file again and again: a system's change
// notifications miss a file behind a symbolic link, and report much about other
// files in the folder.
func watch(file string, loaded appearance) (changed <-chan struct{}, stop func()) {
	tell := make(chan struct{}, 1)
	leave, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		observe(file, loaded, tell, leave)
	}()

	return tell, func() {
		close(leave)
		<-done
	}
}

// observe reports that the file has changed, once it has stayed the same for a
// while.
func observe(file string, told appearance, tell chan<- struct{}, leave <-chan struct{}) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	last, since := told, time.Now()

	for {
		select {
		case <-leave:
			return
		case <-tick.C:
		}

		now := look(file)
		if now != last {
			last, since = now, time.Now()
			continue
		}

		// A file that is gone for the moment is about to be replaced.
		if now == told || now == (appearance{}) || time.Since(since) < quiet {
			continue
		}

		told = now
		select {
		case tell <- struct{}{}:
		default: // the last report has not been taken yet
		}
	}
}

// appearance tells one version of a file from another. The zero value stands
// for a file that is not there.
type appearance struct {
	target   string
	modified time.Time
	size     int64
}

// look returns the file's present appearance.
func look(file string) appearance {
	full, err := filepath.Abs(file)
	if err != nil {
		return appearance{}
	}
	info, err := os.Stat(full)
	if err != nil {
		return appearance{}
	}

	// A link may lead to another file without a change of the time.
	target, _ := filepath.EvalSymlinks(full) // the file exists
	return appearance{target, info.ModTime(), info.Size()}
}
