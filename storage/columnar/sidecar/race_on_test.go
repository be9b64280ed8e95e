//go:build race

package sidecar

// raceEnabled: pools drop what is put into them at random.
const raceEnabled = true
