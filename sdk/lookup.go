package sdk

// LookupOr returns the meaning of a provider's word, such as a status or an
// error code. For a word that the provider's document does not have it returns
// otherwise, which must not be a guess but something that a person looks at
// (under_review, CodeDeclined):
//
//	Status: sdk.LookupOr(statuses, got.Status, sdk.PaymentUnderReview)
func LookupOr[S any](words map[string]S, word string, otherwise S) S {
	if meaning, ok := words[word]; ok {
		return meaning
	}
	return otherwise
}
