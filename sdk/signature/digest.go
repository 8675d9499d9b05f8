package signature

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
)

// HMACSHA256Hex returns the HMAC-SHA256 of message in lower-case hexadecimal,
// as PHP's hash_hmac('sha256', $message, $key) does. An empty key is accepted
// like any other and protects nothing: the plugin's configuration must require
// one.
func HMACSHA256Hex(key, message string) string {
	return hex.EncodeToString(hmacSHA256(key, message))
}

// HMACSHA256Base64 returns the HMAC-SHA256 of message in standard base64 with
// padding. What HMACSHA256Hex says about an empty key holds here too.
func HMACSHA256Base64(key, message string) string {
	return base64.StdEncoding.EncodeToString(hmacSHA256(key, message))
}

func hmacSHA256(key, message string) []byte {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(message)) // a hash never returns an error
	return mac.Sum(nil)
}

// MD5Hex returns the MD5 of text in lower-case hexadecimal. MD5 is broken; it
// is here because providers demand it.
func MD5Hex(text string) string {
	sum := md5.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}

// SHA1Hex returns the SHA-1 of text in lower-case hexadecimal. SHA-1 is
// broken; it is here because providers demand it.
func SHA1Hex(text string) string {
	sum := sha1.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}
