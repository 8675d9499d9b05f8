package host

import (
	"crypto/tls"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certificate is the pair that http.tls_cert and http.tls_key name. It is read
// again when a file has changed, so that a renewed certificate needs no
// restart.
type certificate struct {
	files func() (cert, key string)
	log   *slog.Logger

	mu     sync.Mutex
	pair   *tls.Certificate
	seen   [2]stamp // of the files that pair was read from, or that could not be read
	looked time.Time
}

// stamp tells one version of a file from another.
type stamp struct {
	path     string
	modified time.Time
	size     int64
}

// certificateAgain is how often the files are looked at, at most.
const certificateAgain = time.Second

// newCertificate reads the pair for the first time.
func newCertificate(
	files func() (cert, key string), log *slog.Logger,
) (*certificate, error) {
	cert, key := files()
	served := &certificate{files: files, log: log, seen: stamps(cert, key), looked: time.Now()}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, err
	}
	served.pair = &pair
	return served, nil
}

// current returns the pair for a handshake. A pair that cannot be used, such as
// half of a renewal, leaves the former one in place and is tried again when a
// file changes once more.
func (c *certificate) current(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.looked) < certificateAgain {
		return c.pair, nil
	}

	// Look whether one of the files has changed.
	c.looked = time.Now()
	cert, key := c.files()
	now := stamps(cert, key)
	if now == c.seen {
		return c.pair, nil
	}

	c.seen = now
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		c.log.Error("the new certificate cannot be used; the former one is served",
			"tls_cert", cert, "tls_key", key, "error", err)
		return c.pair, nil
	}

	c.pair = &pair
	c.log.Info("a new certificate is served", "tls_cert", cert, "expires", pair.Leaf.NotAfter)
	return c.pair, nil
}

// stamps returns what tells the pair's present files from others.
func stamps(cert, key string) [2]stamp {
	return [2]stamp{stampOf(cert), stampOf(key)}
}

// stampOf returns the stamp of a file. It follows links, by which deployments
// switch from one version to the next.
func stampOf(path string) stamp {
	info, err := os.Stat(path)
	if err != nil {
		return stamp{path: path}
	}
	return stamp{path, info.ModTime(), info.Size()}
}
