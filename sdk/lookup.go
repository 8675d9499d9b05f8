package sdk

// LookupOr looks up what a provider's word means: a status, or an error code. A word that its document does not have is
// otherwise, which is for a person to look at (under_review, CodeDeclined) and never a guess:
//
//	Status: sdk.LookupOr(statuses, got.Status, sdk.PaymentUnderReview)
func LookupOr[S any](words map[string]S, word string, otherwise S) S {
	if s, ok := words[word]; ok {
		return s
	}
	return otherwise
}
