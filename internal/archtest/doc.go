// Package archtest holds one test: it reads the imports of every Go file in
// the repository and fails on an arrow between rooms that DESIGN does not draw,
// on a room that is not drawn at all, and on a library used outside the one
// room that owns it.
//
// The drawing is the table in rooms_test.go. To add a room or an arrow, change the
// table in the same commit, so that a reviewer sees the house change.
package archtest
