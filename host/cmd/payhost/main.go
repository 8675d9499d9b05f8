// Command payhost runs a payment host and talks to a running one.
//
// It is thin: what it does to money it asks of the host over the host's admin
// socket, with the calls of the HTTP API, and what it prints is what the host
// answered. Exit status 0 means done, 1 refused or failed, 2 wrong usage.
//
// One file holds one group of commands. socket.go is the way to the host,
// trouble.go and advice.go are what is said when something fails, table.go and
// record.go how things look.
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
	a := &app{in: os.Stdin, out: os.Stdout, err: os.Stderr, now: time.Now}
	os.Exit(a.run(os.Args[1:]))
}
