package host

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"github.com/payhost/payhost/sdk"
)

const (
	// AdminSecretHeader is the header of a request on the admin socket that has
	// the text of the file AdminSecretFile.
	AdminSecretHeader = "Payhost-Admin-Secret" //nolint:gosec // a name
	// AdminSecretFile is the file in data_dir that a user of the admin socket
	// has to be able to read. A host makes a new one each time that it begins
	// to serve.
	AdminSecretFile = "admin.secret"
)

// adminSecretSize is the length of the secret in bytes; the file has it in hex.
const adminSecretSize = 32

// newAdminSecret makes the file, for this user alone, and returns its text. A
// plugin that has got past all that keeps it from the socket still cannot read
// the file.
func newAdminSecret(dataDir string) (string, error) {
	random := make([]byte, adminSecretSize)
	if _, err := rand.Read(random); err != nil {
		return "", fmt.Errorf("admin socket: %w", err)
	}
	secret := hex.EncodeToString(random)

	// A new file under another name: no process has it open.
	file, err := os.CreateTemp(dataDir, AdminSecretFile+"-") // 0600
	if err != nil {
		return "", fmt.Errorf("admin socket: %w", err)
	}

	_, err = file.WriteString(secret + "\n")
	err = errors.Join(err, file.Close())
	// Renaming replaces the last host's file in one step.
	if err == nil {
		err = os.Rename(file.Name(), filepath.Join(dataDir, AdminSecretFile))
	}

	if err != nil {
		return "", errors.Join(fmt.Errorf("admin socket: %w", err), os.Remove(file.Name()))
	}

	return secret, nil
}

// wantSecret serves only requests that have the secret.
func wantSecret(secret string, next http.Handler) http.Handler {
	// It looks like the problems of the API behind it.
	refusal, _ := json.Marshal(map[string]any{ // texts and a number: it always marshals
		"type":    "about:blank",
		"title":   http.StatusText(http.StatusUnauthorized),
		"status":  http.StatusUnauthorized,
		"code":    "unauthorized",
		"outcome": sdk.OutcomeNotSent,
		"detail": "the header " + AdminSecretHeader + " must have the text of the file " +
			AdminSecretFile + " in the host's data_dir",
	})

	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got := r.Header.Get(AdminSecretHeader)
		if subtle.ConstantTimeCompare([]byte(got), []byte(secret)) == 1 {
			r.Header.Del(AdminSecretHeader)
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write(refusal) // the caller may have hung up
	})
}
