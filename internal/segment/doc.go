// Package segment reads and writes segment files: immutable containers of
// checked chunks, and the columns stored in them.
package segment
