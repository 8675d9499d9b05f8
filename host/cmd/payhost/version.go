package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/payhost/payhost/sdk/client"
)

// versionCommand also prints the version of the contract that plugins must
// have.
func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version of payhost, of the contract and of Go",
		Example: "  payhost version\n  payhost version --json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if a.json {
				return a.printValue(struct {
					Version  string `json:"version"`
					Contract int    `json:"contract_version"`
					Go       string `json:"go"`
					Platform string `json:"platform"`
				}{version, client.ContractVersion, runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH})
			}

			fmt.Fprintf(
				a.out,
				"payhost %s (contract %d, %s, %s/%s)\n",
				version,
				client.ContractVersion,
				runtime.Version(),
				runtime.GOOS,
				runtime.GOARCH,
			)

			return nil
		},
	}
}
