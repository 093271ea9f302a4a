// Package codec reads and writes the binary pieces every stored structure of
// leakscope is made of. It is the lowest room: it knows bytes, never what they
// mean.
//
// Writing is append-only and cannot fail. Reading is sticky: after the first
// problem every further read returns zero values, and one look at
// [Reader.Err] at the end tells whether anything was wrong and at which
// offset. Every length is checked, unsigned, against what is left before it is
// used or allocated, so hostile bytes cost an error and no memory.
//
// Corruption says where, never what: errors carry offsets and lengths, no
// stored bytes.
package codec
