// Package config reads config.toml, in which an operator configures the host
// and the providers that it runs.
//
// Load returns either a complete configuration or every mistake at once, each
// with file, line and key: broken syntax, unknown keys, wrong types, values out
// of bounds, unset variables, missing files. Load changes nothing, so a
// configuration that does not load has no effect. A program that embeds the
// host may build a Config itself and call Validate, which applies the same
// defaults and the same checks.
//
// The fields of Config and Provider document the keys: their meaning, their
// units and their defaults.
//
// # References
//
// Wherever a secret can stand (http.tokens, host.token_secret, events.secret,
// store.url, and every string in a provider's own config) the
// file may refer to it instead:
//
//	env:NAME    the environment variable NAME; unset or empty is a mistake
//	file:PATH   the contents of a file of at most 64 KiB, without its last line break; PATH is relative to the folder
//	            of the configuration file
//
// A value that itself begins with "env:" or "file:" must be put into a file or
// a variable.
//
// # Secrets
//
// A Problem never contains the value of such a key, and neither Config nor
// Provider shows one when printed, logged or encoded.
//
// # How a file is read
//
// parse (syntax.go) returns the tables of the file. A broken part is reported
// and left out, so that the rest can be read. The scanner (scan.go) finds the
// line of each key, which the TOML library does not tell. loader.read (load.go)
// takes the tables apart: types, unknown keys, references. Config.complete
// (validate.go) fills in defaults, and Config.check (check.go) checks the
// values; Validate consists of these two. Every step adds to one report
// (problem.go). A key that could not be read is not checked further, so one
// mistake is one problem.
package config
