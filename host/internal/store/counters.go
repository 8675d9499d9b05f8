package store

// advanceCounter moves the counter $1 to its next value: $2 the first time, or
// when the counter is lower. A number is never used twice, even by two hosts:
// the row is locked until the commit.
const advanceCounter = `INSERT INTO counters (name, value) VALUES ($1, $2)
	ON CONFLICT (name) DO UPDATE SET value =
	CASE WHEN counters.value + 1 < $2 THEN $2 ELSE counters.value + 1 END`

// advanceSequence is advanceCounter for the numbers of an identity. A new
// counter begins above the numbers that were used before numbers were counted
// by identity.
const advanceSequence = `INSERT INTO counters (name, value) VALUES ($1, CASE
	WHEN COALESCE((SELECT value FROM counters WHERE name = 'sequence_floor'), 0) >= $2
	THEN (SELECT value FROM counters WHERE name = 'sequence_floor') + 1 ELSE $2 END)
	ON CONFLICT (name) DO UPDATE SET value =
	CASE WHEN counters.value + 1 < $2 THEN $2 ELSE counters.value + 1 END`
