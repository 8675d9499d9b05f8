package core

import (
	"regexp"
	"strings"

	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// idTail is what follows the prefix in an id of NewID.
var idTail = regexp.MustCompile(`^_[0-9a-hjkmnp-tv-z]{26}$`)

// The bounds of a page of a list.
const (
	defaultPage = 50
	maxPage     = 200
)

// CheckCursor returns what is wrong with the cursor of a list whose ids have a
// prefix, such as "pay". A cursor that names nothing must not look like the
// first page: a caller who walks through the pages would never come to an end.
func CheckCursor(prefix, cursor string) []sdk.Violation {
	tail, ok := strings.CutPrefix(cursor, prefix)
	if cursor == "" || (ok && idTail.MatchString(tail)) {
		return nil
	}
	return []sdk.Violation{{Field: "cursor", Message: "is not a next_cursor of this list"}}
}

// CheckEventCursor is CheckCursor for a list whose cursors are the ids of
// events.
func CheckEventCursor(cursor string) []sdk.Violation {
	if _, err := store.EventPosition(cursor); err != nil {
		return []sdk.Violation{
			{Field: "cursor", Message: "is not a next_cursor of this list"},
		}
	}
	return nil
}

// CheckEventID returns what is wrong with the id of the last event that a
// reader of the stream has; "" is the stream's beginning.
func CheckEventID(id string) []sdk.Violation {
	if _, err := store.EventPosition(id); err != nil {
		return []sdk.Violation{{Field: "after", Message: err.Error()}}
	}
	return nil
}

// CheckPage returns how long a page is that is asked for with a limit, 0 for
// the usual one. The error also has what was found wrong with where the page
// begins.
func CheckPage(wrong []sdk.Violation, limit int) (int, error) {
	if limit == 0 {
		limit = defaultPage
	}
	if limit < 1 || limit > maxPage {
		wrong = append(
			wrong,
			sdk.Violation{Field: "limit", Message: "must be from 1 to 200"},
		)
	}

	if len(wrong) == 0 {
		return limit, nil
	}

	return 0, &payment.Error{
		Code:       string(sdk.CodeInvalidRequest),
		Outcome:    sdk.OutcomeNotSent,
		Message:    "the list cannot be read like that",
		Violations: wrong,
	}
}
