package core

import (
	"regexp"
	"strings"

	"github.com/payhost/payhost/sdk"
)

// idTail is what follows the prefix in an id of NewID.
var idTail = regexp.MustCompile(`^_[0-9a-hjkmnp-tv-z]{26}$`)

// CheckCursor returns what is wrong with the cursor of a list whose ids have a
// prefix, such as "pay". A cursor that names nothing must not look like the
// first page: whoever walks through the pages would never come to an end.
func CheckCursor(prefix, cursor string) []sdk.Violation {
	tail, ok := strings.CutPrefix(cursor, prefix)
	if cursor == "" || (ok && idTail.MatchString(tail)) {
		return nil
	}
	return []sdk.Violation{{Field: "cursor", Message: "is not a next_cursor of this list"}}
}
