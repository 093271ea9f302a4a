//go:build race

package leaks

// raceEnabled says that the race detector slows everything down.
const raceEnabled = true
