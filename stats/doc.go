// Package stats counts leaks: mergeable, permanent aggregates with sketches of
// distinct values, and exact reports over occurrences handed to it.
package stats
