package suite

import (
	"encoding/json"
	"fmt"
)

// readable returns what a plugin said as the report shows it: as JSON, without
// what was left empty.
func readable(said any) string {
	text, err := json.Marshal(said)
	if err != nil {
		return fmt.Sprintf("something that cannot be written: %v", err)
	}
	// Decoded, so that empty members can be taken out.
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		return string(text)
	}

	short, err := json.Marshal(filled(value))
	if err != nil {
		return fmt.Sprintf("something that cannot be written: %v", err)
	}

	return string(short)
}

// filled takes out of a JSON value what is empty. It returns nil when nothing
// of the value is left.
func filled(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key, member := range v {
			v[key] = filled(member)
			if v[key] == nil {
				delete(v, key)
			}
		}

		if len(v) == 0 {
			return nil
		}

	case []any:
		for i := range v {
			v[i] = filled(v[i])
		}
		if len(v) == 0 {
			return nil
		}
	case string:
		// The second text is that of a zero time.Time.
		if (v == "") || (v == "0001-01-01T00:00:00Z") {
			return nil
		}

	case bool:
		if !v {
			return nil
		}
	}

	return value
}
