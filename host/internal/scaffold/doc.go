// Package scaffold makes a folder for a new provider's plugin: seven files, a
// simulator of an invented provider and the tests, which build and pass as they
// are. Numbered TODOs in them lead from the invented provider to the real one.
//
// The folder template has what is made, as Go files of a provider called acme
// whose names end in .txt, so that no Go command takes them for part of this
// module. The package's test makes a provider inside and outside of a
// repository and runs its tests: a template that no longer works fails there.
package scaffold
