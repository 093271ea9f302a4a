// Package peers measures leakscope beside what a user would take instead:
// DuckDB, SQLite, ClickHouse, and a key per record in Badger. `make bench`
// runs it; cmd/run is the command.
//
// A peer is not asked to do what only leakscope does at ingest. The harness
// normalises the corpus once, outside of any measured time, and hands every
// peer finished [Row]s: domains cut from URLs, passwords masked, credentials
// hashed under the store's key. What a peer is timed at is taking the rows in,
// with whatever order and indexes the queries need, and answering.
//
// The hash, the mask and the grouping are written here a second time, from the
// contract and not from leakscope's code, so that a peer's answer that is equal
// to ours says something about ours, too. Before anything is timed, every
// engine answers every query of the [Workload], and each answer is compared
// with leakscope's row for row; the first difference ends the run ([Same]).
//
// This is a module of its own because DuckDB and SQLite are C, which takes a
// minute to build.
package peers
