// Package ui holds the web UI: its TypeScript sources and, once built with
// `npm run build`, the assets that the binary carries.
//
// A checkout in which the UI was never built still compiles: dist then holds
// only a placeholder, and [Assets] says so.
package ui

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Assets returns the built UI rooted at its index.html. The second result is
// false when this binary was compiled without a built UI; the file system is
// then usable but holds no index.html.
func Assets() (fs.FS, bool) {
	root, err := fs.Sub(dist, "dist")
	if err != nil {
		// fs.Sub refuses only invalid paths, and "dist" is a constant.
		panic(err)
	}
	_, err = fs.Stat(root, "index.html")
	return root, err == nil
}
