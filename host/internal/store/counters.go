package store

// advanceCounter moves the counter $1 by $3 numbers: to $2 the first time, or
// when the counter is lower, and from there on one by one. A number is never
// used twice, even by two hosts: the row is locked until the commit.
const advanceCounter = `INSERT INTO counters (name, value) VALUES ($1, CAST($2 AS BIGINT) + CAST($3 AS BIGINT) - 1)
	ON CONFLICT (name) DO UPDATE SET value = CAST($3 AS BIGINT) - 1 +
	CASE WHEN counters.value + 1 < CAST($2 AS BIGINT) THEN CAST($2 AS BIGINT) ELSE counters.value + 1 END`

// advanceSequence is advanceCounter for the numbers of an identity. A new
// counter begins above the numbers that were used before numbers were counted
// by identity.
const advanceSequence = `INSERT INTO counters (name, value) VALUES ($1, CAST($3 AS BIGINT) - 1 + CASE
	WHEN COALESCE((SELECT value FROM counters WHERE name = 'sequence_floor'), 0) >= CAST($2 AS BIGINT)
	THEN (SELECT value FROM counters WHERE name = 'sequence_floor') + 1 ELSE CAST($2 AS BIGINT) END)
	ON CONFLICT (name) DO UPDATE SET value = CAST($3 AS BIGINT) - 1 +
	CASE WHEN counters.value + 1 < CAST($2 AS BIGINT) THEN CAST($2 AS BIGINT) ELSE counters.value + 1 END`
