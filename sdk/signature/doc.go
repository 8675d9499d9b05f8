// Package signature holds what payment-provider plugins share when they sign
// requests and verify notices: digests, constant-time comparison, a JSON value
// that keeps the order of its keys and the text of its numbers, and the text
// forms that PHP gives to such values. Many providers sign whatever PHP's
// json_encode, ksort, http_build_query or string concatenation happens to
// print, so these are reproduced byte for byte.
//
//	to have                                   call
//	hash_hmac('sha256', $m, $k)               HMACSHA256Hex, HMACSHA256Base64
//	md5($m), sha1($m)                         MD5Hex, SHA1Hex
//	hash_equals($a, $b)                       Equal, EqualAny
//	json_decode($text, true)                  ParseJSON, or a field of type Value
//	the same of text that may be broken       ParseLoosely
//	unset($a['signature'])                    Value.Without
//	ksort($a)                                 Value.KSort
//	keys in byte order at every level         Value.SortKeys
//	json_encode($a, $flags)                   PHPJSON
//	$text . $value                            PHPString, PHPNumber
//	implode(':', $list), also of lists in it  PHPImplode
//	http_build_query($a)                      PHPQuery
//
// The reference is PHP 8.2 on a 64-bit machine with the settings it ships
// with (precision 14, serialize_precision -1); the tests hold its output.
//
// A form that belongs to one provider alone (which fields, which separator,
// which order of key and message) stays in that provider's plugin and is
// built from these parts.
//
// # Verifying
//
// Compute the expected signature from what arrived, compare it with [Equal],
// and only then read the fields, from the same Value or the same bytes that
// were signed. What stands outside the signed part can be forged. Nothing in
// this package limits the size of its input: the caller does, when it reads
// the body.
package signature
