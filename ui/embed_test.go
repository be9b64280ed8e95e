package ui

import (
	"io/fs"
	"testing"
)

func TestAssetsSaysWhetherTheUIWasBuilt(t *testing.T) {
	root, built := Assets()
	_, err := fs.Stat(root, "index.html")
	if built != (err == nil) {
		t.Fatalf("Assets reports built=%v, but index.html: %v", built, err)
	}
}

func TestPlaceholderIsAlwaysThere(t *testing.T) {
	root, _ := Assets()
	if _, err := fs.Stat(root, ".gitkeep"); err != nil {
		t.Fatalf("dist/.gitkeep is what lets an unbuilt checkout compile: %v", err)
	}
}
