package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// maxRequest bounds a request's file, in bytes.
const maxRequest = 1 << 20

// draft is the request for a payment or payout: field by field from flags, or
// whole from a file.
type draft struct {
	fields   []draftField
	option   string
	metadata []string
	file     string
	key      string
}

// draftField is a flag, and the place of its value in the request, such as
// "customer.email".
type draftField struct {
	flag, path string
	value      *string
}

func (d *draft) field(c *cobra.Command, flag, path, usage string) {
	d.fields = append(d.fields, draftField{flag, path, c.Flags().String(flag, "", usage)})
}

// rest adds the flags that payments and payouts share. They come last in the
// help.
func (d *draft) rest(command *cobra.Command) {
	command.Flags().
		StringArrayVar(&d.metadata, "metadata", nil, "your own `key=value`; may be repeated")
	command.Flags().
		StringVar(&d.option, "option", "", "the provider's own options, a `JSON` object")
	command.Flags().
		StringVar(&d.file, "file", "", "a `file` with the whole request as JSON, or - for standard input; replaces the flags above")
	keyFlag(command, &d.key)
}

// keyFlag adds the flag that every command that moves money requires.
func keyFlag(c *cobra.Command, key *string) {
	c.Flags().
		StringVar(key, "idempotency-key", "", "a `key` of your choice: the same key never moves money twice (required)")
	require(c, "idempotency-key")
}

// checkKey refuses a key that the host would refuse.
func checkKey(key string) error {
	if key == "" || len(key) > 255 ||
		strings.ContainsFunc(key, func(r rune) bool { return r < 0x20 || r > 0x7e }) {
		return wrongUsage("--idempotency-key must be 1 to 255 printable ASCII characters")
	}
	return nil
}

// body returns the request as JSON. The required flags are needed only without
// a file.
func (d *draft) body(
	command *cobra.Command,
	in io.Reader,
	required ...string,
) ([]byte, error) {
	if err := checkKey(d.key); err != nil {
		return nil, err
	}
	if d.file != "" {
		return d.whole(command, in)
	}

	// All missing flags are named at once.
	var missing []string

	for _, name := range required {
		if command.Flag(name).Value.String() == "" {
			missing = append(missing, "--"+name)
		}
	}

	if len(missing) > 0 {
		return nil, wrongUsage(
			"%s required (or --file with the whole request)",
			strings.Join(missing, ", "),
		)
	}

	// Only flags that were given become fields: an empty text is not the same
	// as none.
	request := map[string]any{}

	for _, f := range d.fields {
		if command.Flags().Changed(f.flag) {
			put(request, f.path, *f.value)
		}
	}

	if len(d.metadata) > 0 {
		metadata, err := pairs("metadata", d.metadata)
		if err != nil {
			return nil, err
		}
		request["metadata"] = metadata
	}

	// The provider's own options are passed on unchanged.
	if d.option != "" {
		var object map[string]any
		if json.Unmarshal([]byte(d.option), &object) != nil || object == nil {
			return nil, wrongUsage(
				`--option must be a JSON object, such as '{"wallet": "main"}'`,
			)
		}

		request["provider_options"] = json.RawMessage(d.option)
	}

	return json.Marshal(request)
}

// whole reads the request from the file. It refuses flags for single fields
// beside it.
func (d *draft) whole(c *cobra.Command, in io.Reader) ([]byte, error) {
	for _, name := range append(names(d.fields), "metadata", "option") {
		if c.Flags().Changed(name) {
			return nil, wrongUsage("--file holds the whole request: leave out --%s", name)
		}
	}
	return readJSON(d.file, in)
}

// readJSON reads a file that holds one JSON object; - stands for standard
// input.
func readJSON(file string, in io.Reader) ([]byte, error) {
	name := file
	if file == "-" {
		name = "standard input"
	} else {
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }() // only read from

		in = f
	}

	// One byte more than allowed tells a file that is too large.
	text, err := io.ReadAll(io.LimitReader(in, maxRequest+1))
	if err != nil {
		return nil, err
	}

	if len(text) > maxRequest {
		return nil, fmt.Errorf("%s is larger than 1 MiB", name)
	}

	// The host would refuse other JSON, but could not say in which line.
	var object map[string]json.RawMessage
	if err := json.Unmarshal(text, &object); err != nil || object == nil {
		if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
			line := 1 + strings.Count(
				string(text[:min(int(syntax.Offset), len(text))]),
				"\n",
			)
			return nil, fmt.Errorf("%s:%d: the text is not JSON: %w", name, line, err)
		}

		return nil, fmt.Errorf("%s does not hold a JSON object", name)
	}

	return text, nil
}

// put sets a value at a path of one or two names.
func put(request map[string]any, path, value string) {
	table, key, nested := strings.Cut(path, ".")
	if !nested {
		request[path] = value
		return
	}

	inner, ok := request[table].(map[string]any)
	if !ok {
		inner = map[string]any{}
		request[table] = inner
	}

	inner[key] = value
}

func names(fields []draftField) []string {
	list := make([]string, len(fields))
	for i := range fields {
		list[i] = fields[i].flag
	}
	return list
}

// pairs returns the key=value arguments of a flag.
func pairs(flag string, list []string) (map[string]string, error) {
	pairs := map[string]string{}
	for _, text := range list {
		key, value, ok := strings.Cut(text, "=")
		if !ok || key == "" {
			return nil, wrongUsage("--%s takes key=value, not %q", flag, text)
		}
		if _, twice := pairs[key]; twice {
			return nil, wrongUsage("--%s names %q twice", flag, key)
		}

		pairs[key] = value
	}

	return pairs, nil
}
