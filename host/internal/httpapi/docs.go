package httpapi

import (
	"bytes"
	"compress/gzip"
	"embed"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"time"
)

//go:embed docs/index.html docs/page.js docs/rapidoc-min.js.gz docs/LICENSE.txt docs/rapidoc-min.js.LICENSE.txt
var docsFiles embed.FS

//go:embed console/index.html console/console.css console/*.js
//go:embed console/uplot/uPlot.iife.min.js console/uplot/uPlot.min.css console/uplot/LICENSE.txt
var consoleFiles embed.FS

// The policies of the pages: they load nothing from anywhere else, cannot be
// framed and send no form. The renderer of the documentation sets styles on its
// elements.
const (
	pagePolicy = "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; " +
		"form-action 'none'; frame-ancestors 'none'; style-src 'self'"
	docsPolicy = pagePolicy + " 'unsafe-inline'"
)

// underPolicy serves pages under a content security policy, never from a cache
// without asking, and keeps their addresses from other sites.
func underPolicy(policy string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Header().Set("Cache-Control", "no-cache")
		next.ServeHTTP(w, r)
	})
}

// console serves the page for operators on /console/.
func console() http.Handler {
	files := http.FileServerFS(sub(consoleFiles, "console"))
	return underPolicy(pagePolicy, http.StripPrefix("/console/", files))
}

// docsPage serves /docs, a page that reads /openapi.json.
func docsPage() http.Handler {
	page := func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, docsFiles, "docs/index.html")
	}
	return underPolicy(docsPolicy, http.HandlerFunc(page))
}

// docsAsset serves the files of that page.
func docsAsset() http.Handler {
	files := http.StripPrefix("/docs/", http.FileServerFS(sub(docsFiles, "docs")))
	asset := func(w http.ResponseWriter, r *http.Request) {
		switch r.PathValue("file") {
		case "rapidoc-min.js":
			compressed(w, r, "docs/rapidoc-min.js.gz", "text/javascript; charset=utf-8")
		case "index.html":
			http.Redirect(w, r, "../docs", http.StatusSeeOther)
		default:
			files.ServeHTTP(w, r)
		}
	}

	return underPolicy(docsPolicy, http.HandlerFunc(asset))
}

// compressed serves a file that is kept compressed, and unpacks it for a
// browser that does not accept gzip.
func compressed(w http.ResponseWriter, r *http.Request, name, contentType string) {
	packed, err := docsFiles.ReadFile(name)
	if err != nil {
		http.NotFound(w, r)
		return
	}

	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Vary", "Accept-Encoding")
	// Nearly every browser takes it as it is.
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(packed))
		return
	}

	plain, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		http.NotFound(w, r)
		return
	}

	// A caller that hung up does not want it.
	_, _ = io.Copy(w, plain) //nolint:gosec // our own file
}

// sub returns a folder of embedded files.
func sub(files embed.FS, dir string) fs.FS {
	inside, err := fs.Sub(files, dir)
	if err != nil {
		panic("httpapi: " + err.Error()) // only a wrong name in this file can do that
	}
	return inside
}
