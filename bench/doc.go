// Package bench measures leakscope: its benchmarks run against the published
// packages only, on the corpus of package corpus.
package bench
