package simulator

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// pageSize is small, so that more than one page is asked for early.
const pageSize = 3

// list returns a page of items: those with the references, or those from one
// time to another, both inclusive.
func list[T any](
	r *request,
	items []*T,
	of func(*T) (reference string, created time.Time),
) (any, *refusal) {
	query := r.URL.Query()
	references := strings.Split(query.Get("references"), ",")
	from, errFrom := time.Parse(time.RFC3339Nano, query.Get("from"))
	to, errTo := time.Parse(time.RFC3339Nano, query.Get("to"))
	if query.Get("references") == "" && (errFrom != nil || errTo != nil) {
		return nil, invalid("references, or from and to, are needed")
	}

	var found []T
	for _, item := range items {
		reference, created := of(item)
		if slices.Contains(references, reference) ||
			(errTo == nil && !created.Before(from) && !created.After(to)) {
			found = append(found, *item)
		}
	}

	// A page is named by the place of its first item.
	start, _ := strconv.Atoi(query.Get("page"))
	start = min(max(start, 0), len(found))
	end := min(start+pageSize, len(found))
	out := map[string]any{"data": append([]T{}, found[start:end]...)}
	if end < len(found) {
		out["next"] = strconv.Itoa(end)
	}

	return out, nil
}

// decodeSnake reads a body whose keys are the fields' names in snake case, and
// nothing else: a provider that ignores what it does not know would hide a
// plugin's mistakes.
func (r *request) decodeSnake(into any) *refusal {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(r.body, &raw); err != nil {
		return invalid("the body is not a JSON object")
	}
	// Go matches keys and fields without regard to case, so only the
	// underscores are in the way.
	plain := map[string]json.RawMessage{}
	for key, value := range raw {
		plain[strings.ReplaceAll(key, "_", "")] = value
	}

	text, err := json.Marshal(plain)
	if err != nil {
		return invalid("the body is not a JSON object")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return invalid("the body is not what it should be: %v", err)
	}

	return nil
}
