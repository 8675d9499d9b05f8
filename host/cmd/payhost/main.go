// Command payhost runs a payment host and talks to a running one.
//
// The command is thin. Every change of money is a call of the HTTP API, made
// over the host's admin socket, and the command prints the host's answer. Exit
// status 0 means done, 1 refused or failed, 2 wrong usage.
//
// Each file holds one group of commands. socket.go calls the host, trouble.go
// and advice.go explain a failure, table.go and record.go print.
package main

import (
	"os"
	"time"

	"github.com/payhost/payhost/host/internal/plugin"
)

// version is set when the program is built.
var version = "dev"

func main() {
	if len(os.Args) == 2 && os.Args[1] == tryArgument {
		plugin.TrySystemCalls()
		return
	}
	plugin.CollectRarely()
	a := &app{in: os.Stdin, out: os.Stdout, err: os.Stderr, now: time.Now}
	os.Exit(a.run(os.Args[1:]))
}
