// Package configschema is the engine behind a plugin's configuration: from the
// tags of a struct it decodes JSON strictly, fills in defaults, checks bounds,
// describes the struct as JSON Schema and fingerprints who an account is.
// The tags are documented in package sdk, whose DecodeInput and DecodeOptions
// are the doors for authors.
//
//	newPlan     reads the tags of a type once, and panics when they make no sense
//	Decode      walks the plan and a JSON text together and reports all problems
//	Schema      describes the plan as JSON Schema
//	Fingerprint hashes the values of the keys that are tagged identity
//	Secrets     lists the secret values
//
// It does not import package sdk, which is built on it. It recognizes the
// types and methods of an author by their shape:
//
//   - A type with Reveal() string and UnmarshalText is a secret.
//   - A type made of string with UnmarshalText checks itself; the text of its
//     error is the problem and must not repeat the value.
//   - Validate() []V, where V is a struct of Field and Message, says what tags
//     cannot.
//   - Addresses() (sandbox, live string) names the provider's usual addresses.
package configschema
