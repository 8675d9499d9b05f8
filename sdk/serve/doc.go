// Package serve runs a plugin's process. A plugin's main is one line:
//
//	func main() { serve.Provider(newProvider) }
//
// Provider keeps the handshake with the host, several accounts in one process,
// strict configuration, recovery from panics, masking of secrets in all that
// leaves the process, and a clean end. A Server is the same without a process
// of its own, for tests that serve a plugin themselves.
package serve
