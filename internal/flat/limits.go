package flat

const (
	// MaxRows bounds the rows of a table, and so the memory of a merge.
	MaxRows = 8 << 20
	// MaxTables bounds the tables of one merge.
	MaxTables = 256

	// blockRows is how many rows a query looks at together; the context is
	// looked at as often.
	blockRows = 4096
)

// heapRows is the most rows that are ranked by keeping the best while scanning;
// beyond it everything is sorted. Tests lower it.
var heapRows = 1 << 17

// textStrings is how many strings a dictionary must have to get a text index:
// going through fewer takes a fraction of a millisecond. Tests lower it.
var textStrings uint32 = 16 << 10

// textShift is of how many strings a block of a text index is, as a power of two.
const textShift = 7
