package host

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/plugin"
)

// LockedProgram is what a lock says of one plugin's program on this platform,
// and what it said before.
type LockedProgram struct {
	Name           string // the file in plugin_dir: <plugin> or <plugin>@<version>
	SHA256, Before string // empty: none
}

// WriteLock writes payhost.lock beside the configuration's file, with the
// checksums that the programs in plugin_dir of all enabled providers have now;
// it runs none of them. From then on no other program is started. What the lock
// holds for other platforms stays, and for providers that are not enabled; what
// the configuration does not name is taken out, and reported with an empty
// SHA256. The error is *config.Problems for programs that are missing or
// contradict a provider's sha256, all at once; then the lock is as it was.
func WriteLock(cfg *Config) ([]LockedProgram, error) {
	if cfg == nil {
		return nil, errNoConfig
	}
	if cfg.File == "" {
		return nil, errors.New("the configuration was built in code: a lock lies beside a configuration's file")
	}

	sums, err := checksums(cfg)
	if err != nil {
		return nil, err
	}
	next := cfg.Lock.With(sums)
	if err := next.Write(cfg.LockFile()); err != nil {
		return nil, err
	}
	return compareLocks(cfg.Lock, next), nil
}

// checksums returns those of the programs that a configuration names; "" for one
// that only providers name which are not enabled. The error is *config.Problems.
func checksums(cfg *Config) (map[string]string, error) {
	catalog := plugin.NewCatalog(cfg.Host.PluginDir, nil)
	sums := map[string]string{}
	var problems config.Problems
	for i := range cfg.Providers {
		p := &cfg.Providers[i]
		if !p.Enabled {
			if _, ok := sums[p.Program()]; !ok {
				sums[p.Program()] = ""
			}
			continue
		}

		path, sum, err := catalog.Sum(p.Plugin, p.Version)
		if err == nil && p.SHA256 != "" && !strings.EqualFold(p.SHA256, sum) {
			err = fmt.Errorf("%s has sha256 %s, the provider's sha256 allows only %s; correct that first",
				path, sum, p.SHA256)
		}
		if err != nil {
			problems = append(problems, problemAt(cfg, "providers."+p.Name+".plugin", err.Error()))
		}
		sums[p.Program()] = sum
	}

	if len(problems) > 0 {
		return nil, &problems
	}
	return sums, nil
}

// compareLocks lists the programs of either, by name.
func compareLocks(before, next *config.Lock) []LockedProgram {
	names := append(before.Programs(), next.Programs()...)
	slices.Sort(names)

	var list []LockedProgram
	for _, name := range slices.Compact(names) {
		program := LockedProgram{Name: name}
		program.Before, _ = before.Sum(name)
		program.SHA256, _ = next.Sum(name)
		list = append(list, program)
	}
	return list
}
