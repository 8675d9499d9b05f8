package redact

import "encoding/json"

// In returns the texts of a configuration under the keys that its JSON Schema
// marks as secret ("writeOnly"), at every depth: an operator may have written a
// secret into the file. It returns nil when either text cannot be read.
func In(schema, config json.RawMessage) []string {
	var rules, value any
	if json.Unmarshal(schema, &rules) != nil || json.Unmarshal(config, &value) != nil {
		return nil
	}
	return secretsIn(rules, value)
}

// secretsIn walks a value along its schema.
func secretsIn(rules, value any) []string {
	schema, _ := rules.(map[string]any)
	// All that lies under a secret is secret, whatever the schema says of it.
	if schema["writeOnly"] == true {
		return textsIn(value)
	}

	var found []string
	switch typed := value.(type) {
	case map[string]any:
		properties, _ := schema["properties"].(map[string]any)
		for key, inner := range typed {
			under, ok := properties[key]
			if !ok {
				under = schema["additionalProperties"]
			}
			found = append(found, secretsIn(under, inner)...)
		}
	case []any:
		for _, inner := range typed {
			found = append(found, secretsIn(schema["items"], inner)...)
		}
	}

	return found
}

func textsIn(value any) []string {
	var found []string
	switch typed := value.(type) {
	case string:
		return []string{typed}
	case []any:
		for _, inner := range typed {
			found = append(found, textsIn(inner)...)
		}
	case map[string]any:
		for _, inner := range typed {
			found = append(found, textsIn(inner)...)
		}
	}

	return found
}
