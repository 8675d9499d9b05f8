package config

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxReference bounds a file that holds one secret, in bytes.
const maxReference = 64 << 10

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// Resolve returns the value of a text in a configuration in folder: of
// env:NAME, of file:PATH, or the text itself. A reference that cannot be
// resolved is "".
func Resolve(folder, text string) string {
	l := &loader{report: newReport("", nil), dir: folder, lookup: os.LookupEnv}
	value, _ := l.resolve("", text)
	return value
}

// resolve returns the value of a text; referred reports whether it was env:NAME
// or file:PATH. A failed reference is reported, and its value is empty.
func (l *loader) resolve(path, text string) (value string, referred bool) {
	value, referred = l.refer(path, text)
	if referred {
		l.referred[path] = value
	}
	return value, referred
}

// refer is resolve without the note that the value must not be shown.
func (l *loader) refer(path, text string) (value string, referred bool) {
	// A reference that fails is still a reference: its text must not stand in
	// for the secret.
	if name, ok := strings.CutPrefix(text, "env:"); ok {
		return l.variable(path, name), true
	}
	if name, ok := strings.CutPrefix(text, "file:"); ok {
		value, problem := readReference(l.absolute(name))
		if name == "" {
			problem = "file: needs the path of a file, as in file:secrets/key.pem"
		}
		if problem != "" {
			l.add(path, "%s", problem)
			return "", true
		}

		return value, true
	}

	return text, false
}

// variable returns an environment variable's value. Problems show only a text
// that can be a name: "env:" may stand before the secret itself.
func (l *loader) variable(path, name string) string {
	if !variableName.MatchString(name) {
		l.add(
			path,
			"env: needs the name of an environment variable (letters, digits, _), as in env:PAYHOST_API_TOKEN",
		)
		return ""
	}

	// An empty variable is a mistake like an absent one: an empty secret
	// protects nothing.
	value, ok := l.lookup(name)
	switch {
	case !ok:
		l.add(path, "environment variable %s is not set", name)
	case value == "":
		l.add(path, "environment variable %s is empty", name)
	case !utf8.ValidString(value):
		l.add(path, "environment variable %s is not UTF-8 text", name)
	default:
		return value
	}

	return ""
}

// readReference returns a file's text without its last line break, or a
// problem.
func readReference(path string) (text, problem string) {
	// This comes before opening: opening a named pipe would wait for a writer.
	info, err := os.Stat(path)
	if err != nil {
		return "", unreadable(path, err)
	}

	if !info.Mode().IsRegular() {
		return "", "file " + strconv.Quote(path) + " is not a regular file"
	}
	file, err := os.Open(path)
	if err != nil {
		return "", unreadable(path, err)
	}
	defer func() { _ = file.Close() }() // only read from

	// An editor adds a line break at the end, which is not part of a secret.
	data, err := io.ReadAll(io.LimitReader(file, maxReference+1))
	if err != nil {
		return "", unreadable(path, err)
	}

	text = strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")

	switch {
	case len(data) > maxReference:
		return "", "file " + strconv.Quote(path) + " is larger than 64 KiB"
	case text == "":
		return "", "file " + strconv.Quote(path) + " is empty"
	case !utf8.ValidString(text):
		return "", "file " + strconv.Quote(path) + " is not UTF-8 text"
	}

	return text, ""
}

// unreadable says why a file cannot be read.
func unreadable(path string, err error) string {
	if errors.Is(err, fs.ErrNotExist) {
		return "file " + strconv.Quote(path) + " does not exist"
	}
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		err = pe.Err
	}
	return "file " + strconv.Quote(path) + " cannot be read: " + err.Error()
}

// absolute returns the full form of a path relative to the configuration's
// folder.
func (l *loader) absolute(path string) string { return absolute(l.dir, path) }

func absolute(dir, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}
