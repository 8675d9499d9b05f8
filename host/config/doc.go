// Package config reads config.toml, the one place where operators say what the
// host is and which providers it runs.
//
// Load gives either a complete configuration or every mistake at once, each
// with file, line and key: broken syntax, unknown keys, wrong types, values out
// of bounds, unset variables, missing files. Nothing has happened by then, so a
// configuration that does not load changes nothing. A program that embeds the
// host may build a Config itself and call Validate, which applies the same
// defaults and the same checks.
//
// What each key means, its unit and its default stand at the fields of Config
// and Provider.
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
// A value that itself begins with "env:" or "file:" has to be put into a file
// or a variable.
//
// # Secrets
//
// No value of such a key is ever part of a Problem, and neither Config nor
// Provider shows one when printed, logged or encoded.
// # How a file is read
//
// parse (syntax.go) gives the tables of the file; what is broken is reported
// and left out, so that the rest can be read. The scanner (scan.go) says where
// each key stands, which the TOML library does not. loader.read (load.go) takes
// the tables apart: types, unknown keys, references. Config.complete
// (validate.go) fills in defaults, and Config.check (check.go) judges the
// values; these two are all of Validate. Every step adds to one report
// (problem.go), in which a key that could not be read is not judged further:
// one mistake is one problem.
package config
