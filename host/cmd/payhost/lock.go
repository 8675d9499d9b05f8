package main

import (
	"errors"

	"github.com/payhost/payhost/host"
	"github.com/payhost/payhost/host/config"
	"github.com/spf13/cobra"
)

// lockCommand allows only the plugins' programs that are installed now.
func (a *app) lockCommand() *cobra.Command {
	prune := false
	command := &cobra.Command{
		Use:   "lock",
		Short: "Write payhost.lock: only the plugins installed now may run",
		Long: `Write payhost.lock beside config.toml: only the plugins installed now may run.

The lock holds the sha256 of the program of every enabled provider; no program is run.
From then on a start, a reload and a check refuse every other program. To use new ones,
put them in place, make sure that they are the right ones, and run payhost lock again.
Lines for other platforms stay, and a program that was installed from a release which a
trusted key has signed is locked for all of its platforms. So do lines of programs that
config.toml no longer names: going back to one needs no new lock. --prune takes them out.
To work without a lock, remove the file.`,
		Example: "  payhost lock && payhost reload\n  git diff payhost.lock",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			cfg, err := host.LoadConfig(a.config)
			if err != nil {
				return a.refuseConfig(err)
			}

			// A program that cannot be read is a mistake in the configuration.
			write := host.WriteLock
			if prune {
				write = host.PruneLock
			}
			programs, err := write(cfg)
			if problems := (*config.Problems)(nil); errors.As(err, &problems) {
				for i := range *problems {
					(*problems)[i].File = a.config // the name from the command line
				}
			}

			if err != nil {
				return a.refuseConfig(err)
			}

			return a.locked(cfg.LockFile(), programs)
		},
	}
	command.Flags().BoolVar(&prune, "prune", false,
		"take out the programs that config.toml no longer names")
	return command
}

// lockedProgram is a line of the lock in the form of --json.
type lockedProgram struct {
	Program string `json:"program"`
	SHA256  string `json:"sha256"`
	Before  string `json:"before,omitempty"`
	Change  string `json:"change"`
}

// locked prints the new lock and its differences from the former one. An
// operator sees an unexpected checksum before the program runs.
func (a *app) locked(file string, programs []host.LockedProgram) error {
	list := make([]lockedProgram, len(programs))
	changes := 0

	for i, p := range programs {
		list[i] = lockedProgram{p.Name, p.SHA256, p.Before, changeOf(p)}
		if p.SHA256 != p.Before {
			changes++
		}
	}

	if a.json {
		return a.printValue(map[string]any{"file": file, "programs": list})
	}

	// The table has one line for each program, with its difference.
	if len(list) > 0 {
		t := a.table("PROGRAM", "SHA256", "CHANGE")
		for _, p := range list {
			t.row(p.Program, p.SHA256, p.Change)
		}
		t.print()
	}

	a.note("wrote %s, with %s", file, count(changes, "change"))
	return nil
}

// changeOf says how a program's line differs from the former lock.
func changeOf(p host.LockedProgram) string {
	switch {
	case p.Former:
		return "former: kept until payhost lock --prune"
	case p.SHA256 == p.Before && p.SHA256 == "":
		return "for other platforms only"
	case p.SHA256 == p.Before:
		return "unchanged"
	case p.Before == "":
		return "new"
	case p.SHA256 == "":
		return "removed"
	}

	return "changed from " + p.Before
}
