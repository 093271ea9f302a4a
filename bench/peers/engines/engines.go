// Package engines lists the peers.
package engines

import (
	"github.com/leakscope/leakscope/bench/peers"
	"github.com/leakscope/leakscope/bench/peers/badgerkv"
	"github.com/leakscope/leakscope/bench/peers/clickhouse"
	"github.com/leakscope/leakscope/bench/peers/duckdb"
	"github.com/leakscope/leakscope/bench/peers/sqlite"
)

// All are the peers, in the order in which they run.
var All = []peers.Engine{duckdb.Engine{}, sqlite.Engine{}, clickhouse.Engine{}, badgerkv.Engine{}}
