// Package plugin runs one plugin program as one process: finding and checking
// the file, starting it cut off from the host's own secrets and files, telling
// at once when it is gone, taking in what it prints, and stopping it for
// certain.
//
// The process is run through HashiCorp go-plugin (handshake, mutual TLS,
// shutdown), with a runner of our own under it: go-plugin's holds no thread for
// Pdeathsig, waits for whoever inherited the plugin's stderr, stops reading at
// a line of 64 KB, and trusts what is printed in JSON to have the types it
// expects. TRAPS.md lists what go-plugin leaves to its host, with the test of
// each.
//
// What a process may do is decided in command.go (environment),
// confine_linux.go (privileges, limits), and landlock_linux.go with
// reach_linux.go (files).
package plugin
