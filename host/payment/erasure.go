package payment

// Erasure is what was erased of a person. Amounts, statuses, references, hashes
// and keys stay.
type Erasure struct {
	Records  int `json:"records" doc:"the payments, payouts and refunds that say nothing of the person any more"`
	Webhooks int `json:"webhooks" doc:"the stored webhooks that were emptied"`
}
