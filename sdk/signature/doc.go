// Package signature holds what payment-provider plugins share when they sign
// requests and verify webhooks: digests, constant-time comparison, and the text
// forms that PHP and Java give to JSON values. Many providers sign whatever
// PHP's json_encode, ksort, http_build_query or string concatenation happens to
// print, so these are reproduced byte for byte. The values are those of package
// ordered.
//
//	to have                                   call
//	hash_hmac('sha256', $m, $k)               HMACSHA256Hex, HMACSHA256Base64
//	md5($m), sha1($m)                         MD5Hex, SHA1Hex
//	hash_equals($a, $b)                       Equal, EqualAny
//	json_decode($text, true)                  ordered.Parse
//	unset($a['signature'])                    ordered.Value.Without
//	ksort($a)                                 KSort
//	keys in byte order at every level         ordered.Value.SortKeys
//	json_encode($a, $flags)                   PHPJSON
//	$text . $value                            PHPString, PHPNumber
//	implode(':', $list), also of lists in it  PHPImplode
//	http_build_query($a)                      PHPQuery
//	JSON as Java's fastjson writes it         FastJSON
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
// were signed. Text outside of the signed part can be forged. Nothing in
// this package limits the size of its input: the caller does, when it reads
// the body. The time that a form takes grows with the size and no faster.
package signature
