package serve

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/payhost/payhost/sdk"
)

// describe writes what the plugin is as indented JSON, for people and scripts
// that do not want to start a server.
func describe(out io.Writer, info sdk.Info) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(info)
}

// explain is read by people who have started a plugin by hand.
func explain(out io.Writer, program string, info sdk.Info) {
	description := ""
	if info.Description != "" {
		description = info.Description + "\n"
	}
	fmt.Fprintf(out, explanation,
		info.Name, info.Version, info.ContractVersion,
		description,
		info.Name, info.Name,
		program,
		program)
}

const explanation = `This is %s %s, a payment-provider plugin for Payhost (contract version %d).
%s
It is not meant to be started by hand: put it into the plugin_dir of a Payhost host and name it in config.toml:

  [providers.%s]
  plugin = %q

To see what it can do and how it is configured, as JSON:

  %s describe

To run it under a debugger and have a host attach to it:

  %s debug
`
