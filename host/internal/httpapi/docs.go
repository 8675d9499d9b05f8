package httpapi

import "net/http"

func docsPage() http.Handler  { return http.NotFoundHandler() }
func docsAsset() http.Handler { return http.NotFoundHandler() }
func console() http.Handler   { return http.NotFoundHandler() }
