package release

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"aead.dev/minisign"
)

// Key is the public key of a publisher: one of minisign.
type Key struct{ public minisign.PublicKey }

// ParseKey reads a public key as the second line of minisign.pub has it: "RW"
// and more, in base64.
func ParseKey(text string) (Key, error) {
	var key Key
	if strings.ContainsAny(text, "\r\n") || key.public.UnmarshalText([]byte(text)) != nil {
		return Key{}, errors.New(
			`is not a public key of minisign, the line of minisign.pub that begins with "RW"`)
	}
	return key, nil
}

// String returns the key as ParseKey reads it.
func (k Key) String() string { return k.public.String() }

// ID returns the key's short name, as minisign prints it.
func (k Key) ID() string { return keyID(k.public.ID()) }

func keyID(id uint64) string { return fmt.Sprintf("%016X", id) }

// Signer is an author's secret key.
type Signer struct{ secret minisign.PrivateKey }

// ErrPassword reports a secret key that needs another password, or one at all.
var ErrPassword = errors.New("the password is not that of the secret key")

// maxKeyFile bounds a secret key's file, in bytes.
const maxKeyFile = 4 << 10

// ReadSigner reads the secret key that `minisign -G` has made. password is asked
// for only when the key is encrypted.
func ReadSigner(path string, password func() (string, error)) (*Signer, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read

	text, err := io.ReadAll(io.LimitReader(file, maxKeyFile))
	if err != nil {
		return nil, err
	}

	var signer Signer
	if !minisign.IsEncrypted(text) {
		if err := signer.secret.UnmarshalText(text); err != nil {
			return nil, fmt.Errorf("%s is not a secret key of minisign", path)
		}
		return &signer, nil
	}

	secret, err := password()
	if err != nil {
		return nil, err
	}
	if signer.secret, err = minisign.DecryptKey(secret, text); err != nil {
		return nil, fmt.Errorf("%s: %w", path, ErrPassword)
	}
	return &signer, nil
}

// Key returns the signer's public key.
func (s *Signer) Key() Key {
	public, _ := s.secret.Public().(minisign.PublicKey) // it is always one
	return Key{public}
}

// sign returns the signature of a manifest, such as `minisign -V` reads it.
func (s *Signer) sign(manifest *Manifest, text []byte) ([]byte, error) {
	hashing := minisign.NewReader(bytes.NewReader(text))
	if _, err := io.Copy(io.Discard, hashing); err != nil {
		return nil, err
	}
	return hashing.SignWithComments(
		s.secret,
		"payhost plugin "+manifest.Name(),
		"signature of a payhost plugin's manifest by the key "+keyID(s.secret.ID()),
	), nil
}

// signedBy returns the key among keys that has signed the text. The error says
// who has signed it in place of them.
func signedBy(text, signature []byte, keys []Key) (Key, error) {
	if len(signature) == 0 {
		return Key{}, errors.New("it is not signed; have its author publish it with --key")
	}
	var read minisign.Signature
	if err := read.UnmarshalText(signature); err != nil {
		return Key{}, errors.New("its signature cannot be read; do not use it, and ask its author")
	}

	named := false
	for _, key := range keys {
		if minisign.Verify(key.public, text, signature) {
			return key, nil
		}
		named = named || key.public.ID() == read.KeyID
	}

	// A key's id is a hint, no proof: a wrong signature may name a right key.
	if named {
		return Key{}, fmt.Errorf(
			"its signature by the key %s does not fit: the manifest has been changed after it was "+
				"signed, or the key is another; do not use it, and ask its author", keyID(read.KeyID))
	}
	return Key{}, fmt.Errorf(
		"it is signed by the key %s, which is not in plugins.trusted_keys; add its public key "+
			"there if you trust its owner, and else do not use it", keyID(read.KeyID))
}
