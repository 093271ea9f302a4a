// Package flat keeps flat data sets: tables of rows that each stand for one
// thing, found by a key and an identity. A data set is a [Schema], not code: the
// columns it has, and which of them say when the thing was seen. What a row
// means is its user's business.
//
// Rows come in any order and any number of times. Rows of one key and identity
// are one row: it has the least First and the greatest Last of all, and the
// other columns of the one with the greatest Last; of several, the one that came
// last. So it does not matter how rows were cut into tables and how those were
// merged.
//
// # A table in a segment
//
// A table is one segment (package segment). Its rows ascend by key, as bytes,
// and within a key by identity; no two have both in common.
//
//	section 1        keys: a dictionary, ascending (index.Dict)
//	section 2        starts: integers, one more than there are keys: the first
//	                 row of each key, then the number of rows
//	section 3        identities: fixed, 16 bytes a row
//	section 16 + 2c  column c, text: its dictionary, ascending; every string of
//	                 it is that of some row
//	section 17 + 2c  column c, a row each: of text the ordinal, of a number the
//	                 number, as integers; of bytes the bytes, fixed
//	section 256 + c  column c, indexed text: its text index (index.Text), without
//	                 chunks where the dictionary is small
//
// Column 0 is the key, which has no section of its own. The segment's meta:
//
//	version   u8, 1
//	schema    u64, checksum of the schema's name and columns
//	rows      uvarint
//	keys      uvarint
//	strings   uvarint for each column of text but the key, in order
//
// # A query
//
// A [View] is some tables, oldest first. A query takes ranges of keys, which are
// ranges of rows in each table. Where a key is in several tables, their rows are
// compared by identity: of rows that are one, the later ones hide the earlier.
// What is left is filtered and ranked table by table, with numbers and ordinals
// only, and the first rows of each are merged. Rows that are equal in what is
// sorted by come in the order of the table, so that the order is total.
package flat
