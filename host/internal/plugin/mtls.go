package plugin

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"time"
)

// clientCertEnv is where a plugin finds the certificate that its only client
// has, as go-plugin's AutoMTLS names it.
const clientCertEnv = "PLUGIN_CLIENT_CERT"

// certificateLife is longer than any process; certificateSkew allows for a
// clock that is set while one runs.
const (
	certificateLife = 30 * 365 * 24 * time.Hour
	certificateSkew = time.Hour
)

// newIdentity makes what go-plugin's AutoMTLS makes, for one process: the
// host's side of the connection, and the certificate that the plugin is to
// expect. The key is of P-256 and not of P-521, which BoringSSL does not
// accept: with it no plugin in Python, Ruby, PHP or C++ could serve. It is also
// made quicker.
func newIdentity() (config *tls.Config, certificate string, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, "", err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, "", err
	}

	now := time.Now()
	template := &x509.Certificate{
		Subject: pkix.Name{
			CommonName:   "localhost",
			Organization: []string{"Payhost"},
		},
		DNSNames:     []string{"localhost"},
		SerialNumber: serial,
		NotBefore:    now.Add(-certificateSkew),
		NotAfter:     now.Add(certificateLife),
		ExtKeyUsage: []x509.ExtKeyUsage{
			x509.ExtKeyUsageClientAuth,
			x509.ExtKeyUsageServerAuth,
		},
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true, // a plugin trusts it as its own issuer
	}

	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, "", err
	}

	config = &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		ServerName:   "localhost",
		MinVersion:   tls.VersionTLS12,
		RootCAs:      x509.NewCertPool(), // until go-plugin puts the plugin's own certificate there
	}

	return config, string(
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
	), nil
}
