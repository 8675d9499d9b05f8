// Package plugin runs one plugin program as one process: it finds and checks
// the file, starts it apart from the host's own secrets and files, tells at
// once when it is gone, logs what it prints, and stops it for certain.
//
// The process is run through HashiCorp go-plugin (handshake, mutual TLS,
// shutdown), with a runner of this package under it: go-plugin's own runner
// holds no thread for Pdeathsig, waits for every process that inherited the
// plugin's stderr, stops reading at a line of 64 KB, and expects certain types
// in the JSON that is printed. TRAPS.md lists what go-plugin leaves to its
// host, with the test of each.
//
// These files decide what a process may do: command.go (environment),
// confine_linux.go (privileges, limits), landlock_linux.go and reach_linux.go
// (files), filter_linux.go (system calls) and connector_linux.go (sockets).
// CONFINEMENT.md has the whole of it.
package plugin
