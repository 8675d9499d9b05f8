package release_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
)

// memory is an OCI registry in memory: as much of the distribution protocol as
// pushing and pulling small images needs.
type memory struct {
	mu    sync.Mutex
	blobs map[string][]byte // by digest
	types map[string]string // of manifests, by digest
	tags  map[string]string // the digests of tags, by repository:tag
}

func newRegistry() *memory {
	return &memory{
		blobs: map[string][]byte{}, types: map[string]string{}, tags: map[string]string{},
	}
}

// spoil changes the contents that match, under their digests.
func (m *memory) spoil(matches func(text string) bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for digest, text := range m.blobs {
		if matches(string(text)) {
			m.blobs[digest] = []byte(strings.Replace(string(text), "1", "2", 1))
		}
	}
}

var address = regexp.MustCompile(`^/v2/(.+)/(blobs/uploads|blobs|manifests|tags)/(.*)$`)

func (m *memory) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	parts := address.FindStringSubmatch(r.URL.Path)
	if parts == nil {
		w.WriteHeader(http.StatusOK)
		return
	}
	repository, kind, name := parts[1], parts[2], parts[3]

	switch kind {
	case "blobs/uploads":
		m.upload(w, r, repository)
	case "tags":
		m.list(w, repository)
	case "manifests":
		m.manifest(w, r, repository, name)
	default:
		m.send(w, r, name, "application/octet-stream")
	}
}

func (m *memory) upload(w http.ResponseWriter, r *http.Request, repository string) {
	if r.Method == http.MethodPost {
		w.Header().Set("Location", "/v2/"+repository+"/blobs/uploads/1")
		w.WriteHeader(http.StatusAccepted)
		return
	}
	text, _ := io.ReadAll(r.Body)
	if digestOf(text) != r.URL.Query().Get("digest") {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	m.blobs[digestOf(text)] = text
	w.WriteHeader(http.StatusCreated)
}

func digestOf(text []byte) string {
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:])
}

func (m *memory) list(w http.ResponseWriter, repository string) {
	var tags []string
	for name := range m.tags {
		if tag, ok := strings.CutPrefix(name, repository+":"); ok {
			tags = append(tags, tag)
		}
	}
	if tags == nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"name": repository, "tags": tags})
}

func (m *memory) manifest(w http.ResponseWriter, r *http.Request, repository, name string) {
	if r.Method == http.MethodPut {
		text, _ := io.ReadAll(r.Body)
		digest := digestOf(text)
		m.blobs[digest], m.types[digest] = text, r.Header.Get("Content-Type")
		if !strings.HasPrefix(name, "sha256:") {
			m.tags[repository+":"+name] = digest
		}
		w.Header().Set("Docker-Content-Digest", digest)
		w.WriteHeader(http.StatusCreated)
		return
	}
	if digest, ok := m.tags[repository+":"+name]; ok {
		name = digest
	}
	m.send(w, r, name, m.types[name])
}

func (m *memory) send(w http.ResponseWriter, r *http.Request, digest, mediaType string) {
	text, ok := m.blobs[digest]
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("Docker-Content-Digest", digest)
	w.Header().Set("Content-Type", mediaType)
	if r.Method != http.MethodHead {
		_, _ = w.Write(text)
		return
	}
	w.Header().Set("Content-Length", jsonNumber(len(text)))
}

func jsonNumber(n int) string {
	text, _ := json.Marshal(n)
	return string(text)
}
