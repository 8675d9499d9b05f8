// Package release ships plugins: what an author publishes of one version, and
// what an operator verifies, installs and requires.
//
// A release is one manifest and its parts: a program for each platform, the
// conformance kit's reports, and a list of what each program is built of. The
// manifest has the sha256 of every part, and the author signs the manifest, so
// that one signature binds all of them to the plugin's name and version. Nothing
// here runs a program: of what is installed only bytes and headers are read.
package release
