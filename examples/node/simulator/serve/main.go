// Command serve serves the simulator of the invented provider Acme on this
// machine, so that its plugin can be tried, or held to the contract by the
// conformance kit:
//
//	go run ./examples/node/simulator/serve -listen 127.0.0.1:9191
//
// It prints its address and a configuration for the plugin, and serves until it
// is interrupted.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/payhost/payhost/examples/node/simulator"
	"github.com/payhost/payhost/sdk/conformance/control"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0",
		"`address` to serve on, of this machine; port 0 takes a free one")
	flag.Parse()
	if err := run(*listen); err != nil {
		log.Fatal("serve: ", err)
	}
}

func run(listen string) error {
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	address, ok := listener.Addr().(*net.TCPAddr)
	if !ok || !address.IP.IsLoopback() {
		return fmt.Errorf("%s is reachable from other machines, "+
			"and the simulator trusts everybody: use 127.0.0.1", listen)
	}

	base := "http://" + address.String()
	provider := simulator.New(simulator.WithWebhooks())
	fmt.Printf("%s\n%s\n", base, provider.Config(base))
	server := &http.Server{
		Handler:           control.Handler(provider, provider.Config),
		ReadHeaderTimeout: 10 * time.Second,
	}

	return server.Serve(listener)
}
