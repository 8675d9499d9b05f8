package host

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/plugin"
	"github.com/payhost/payhost/host/internal/release"
)

// LockedProgram is what a lock says of one plugin's program on this platform,
// and what it said before.
type LockedProgram struct {
	Name           string // the file in plugin_dir: <plugin> or <plugin>@<version>
	SHA256, Before string // empty: none
	// Former reports that no provider names the program any more, and that its
	// line was kept, so that going back needs no new lock.
	Former bool
}

// WriteLock writes payhost.lock beside the configuration's file, with the
// checksums that the programs in plugin_dir of all enabled providers have now; it
// runs none of them. From then on no other program is started. A program that was
// installed from a release which a trusted key has signed is locked for all of the
// release's platforms. The lock keeps what it holds for other platforms, for
// providers that are not enabled, and for programs that the configuration no longer
// names: PruneLock takes those out. The error is *config.Problems for programs that
// are missing, contradict a provider's sha256 or are not what [plugins] requires,
// all at once; then the lock is as it was.
func WriteLock(cfg *Config) ([]LockedProgram, error) { return writeLock(cfg, true) }

// PruneLock is WriteLock, except that a program which the configuration does not
// name is taken out, and reported with an empty SHA256.
func PruneLock(cfg *Config) ([]LockedProgram, error) { return writeLock(cfg, false) }

func writeLock(cfg *Config, keepFormer bool) ([]LockedProgram, error) {
	if cfg == nil {
		return nil, errNoConfig
	}
	if cfg.File == "" {
		return nil, errors.New(
			"the configuration was built in code: a lock lies beside a configuration's file",
		)
	}

	sums, err := checksums(cfg)
	if err != nil {
		return nil, err
	}
	// Sums of other platforms stay as they are.
	next := lockPlatforms(cfg, cfg.Lock.With(sums))
	if keepFormer {
		next = next.WithFormer(cfg.Lock)
	}
	if err := next.Write(cfg.LockFile()); err != nil {
		return nil, err
	}

	list := compareLocks(cfg.Lock, next)
	for i, program := range list {
		_, named := sums[program.Name]
		list[i].Former = !named && slices.Contains(next.Programs(), program.Name)
	}
	return list, nil
}

// lockPlatforms adds the checksums for other platforms of what was installed from
// a release. Only a trusted signature says what they are.
func lockPlatforms(cfg *Config, next *config.Lock) *config.Lock {
	policy, err := release.NewPolicy(cfg.Plugins.TrustedKeys, cfg.Plugins.Require)
	if err != nil || len(policy.Keys) == 0 {
		return next
	}

	for i := range cfg.Providers {
		account := &cfg.Providers[i]
		sum, ok := next.Sum(account.Program())
		if !ok || !account.Enabled {
			continue
		}
		of, err := policy.Of(cfg.Host.PluginDir, account.Plugin, account.Version, sum)
		if err == nil {
			next = next.WithPlatforms(account.Program(), of.Manifest.Sums())
		}
	}
	return next
}

// checksums returns those of the programs that a configuration names; "" for
// one that only providers name which are not enabled. The error is
// *config.Problems.
func checksums(cfg *Config) (map[string]string, error) {
	catalog := plugin.NewCatalog(cfg.Host.PluginDir, nil)
	sums := map[string]string{}
	var problems config.Problems

	for i := range cfg.Providers {
		account := &cfg.Providers[i]
		if !account.Enabled {
			// Its program is not read: it may not be there yet.
			if _, ok := sums[account.Program()]; !ok {
				sums[account.Program()] = ""
			}
			continue
		}

		// A lock that contradicts the configuration would let no program start.
		path, sum, err := catalog.Sum(account.Plugin, account.Version)
		if err == nil && account.SHA256 != "" && !strings.EqualFold(account.SHA256, sum) {
			err = fmt.Errorf(
				"%s has sha256 %s, the provider's sha256 allows only %s; correct that first",
				path,
				sum,
				account.SHA256,
			)
		}

		if err == nil {
			err = account.Vouched(path, sum)
		}

		if err != nil {
			problems = append(
				problems,
				problemAt(cfg, "providers."+account.Name+".plugin", err.Error()),
			)
		}

		sums[account.Program()] = sum
		if account.Canary.Version == "" {
			continue
		}

		// A candidate gets the account's secrets, too.
		_, sum, err = catalog.Sum(account.Plugin, account.Canary.Version)
		if err != nil {
			key := "providers." + account.Name + ".canary.version"
			problems = append(problems, problemAt(cfg, key, err.Error()))
		}
		sums[account.Plugin+"@"+account.Canary.Version] = sum
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
