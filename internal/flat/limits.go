package flat

const (
	// MaxRows bounds the rows of a table, and so the memory of a merge.
	MaxRows = 8 << 20
	// MaxTables bounds the tables of one merge.
	MaxTables = 256

	// blockRows is how many rows a query looks at together; the context is
	// looked at as often.
	blockRows = 4096
	// heapRows is the most rows that are ranked by keeping the best while
	// scanning; beyond it everything is sorted.
	heapRows = 2048
)
