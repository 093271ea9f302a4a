// Package conformance holds one thing, tests: what the handler of package
// httpapi answers is what its own OpenAPI document says, by the judgement of a
// library that was not written here. It is a module of its own, so that the
// library stays out of the core's go.mod.
package conformance
