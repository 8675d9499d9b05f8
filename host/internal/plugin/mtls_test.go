//go:build linux

package plugin_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
)

// BoringSSL, which gRPC's packages for Python, Ruby, PHP and C++ link, refuses
// clients whose key is of P-521.
func TestTheHostsCertificateIsOneThatEverybodyAccepts(t *testing.T) {
	s, provider := newStage(t), newProvider(t)
	provider.Say("env")
	said := invoke(t, s.account(s.start(), provider.URL))

	_, text, there := strings.Cut(said, "PLUGIN_CLIENT_CERT=")
	block, _ := pem.Decode([]byte(text))
	if !there || block == nil {
		t.Fatal("the plugin is not told of a certificate")
	}

	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	key, ok := certificate.PublicKey.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() ||
		certificate.SignatureAlgorithm != x509.ECDSAWithSHA256 {
		t.Errorf(
			"its key is of %T, its signature %s",
			certificate.PublicKey,
			certificate.SignatureAlgorithm,
		)
	}
}
