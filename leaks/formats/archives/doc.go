// Package archives walks what an analyst is handed: files, folders, archives
// and archives inside archives. [Walk] yields every plain file of an input as
// a [formats.Entry]; nothing is ever written to disk.
//
// # What is read
//
//   - zip: Store, Deflate, Deflate64, bzip2, LZMA, zstd and xz; ZipCrypto and
//     WinZip AES; zip64; names in any case of slashes; split into .z01, .z02
//     and .zip. A zip whose directory is cut off is read from its local
//     headers.
//   - 7z: Copy, LZMA, LZMA2, PPMd, Deflate, Deflate64, bzip2, zstd, Delta, the
//     filters for programs (BCJ, BCJ2, ARM, ARM64 and their like); AES-256,
//     also of the directory.
//   - rar: versions 2 to 7, encrypted files and headers, volumes beside each
//     other on disk.
//   - tar, gzip, zstd, xz (with its filters), bzip2, and tar in any of them.
//   - name.001, name.002 and so on, read as the one file they were cut from.
//
// What a file is, its first bytes say, not its name. Inside archives a file
// whose name says that it is text, a picture or an office document is not
// asked. Not read, and reported as unsupported: Brotli, LZ4, LZ5 and Lizard in
// 7z (only a fork of 7-Zip writes them), PPMd in zip (its version I has no
// decoder in Go), the filter for RISC-V, rar 1.5, self-extracting programs.
//
// # Why not a library for zip and 7z
//
// archive/zip keeps the whole directory in memory, some 350 bytes a file,
// cannot decrypt and gives nothing of an archive cut short. The 7z library
// that is best kept, bodgit/sevenzip 1.6.5, sizes its tables by counts that
// the archive states: 51 bytes make it take 2.5 GiB (measured), and a Go
// program cannot recover from running out. The two containers are simple; their compression
// methods come from libraries.
//
// # Memory
//
// Everything is streamed. What is held: decoders' dictionaries (at most 128
// MiB each), the directory of a 7z (at most 128 MiB, some 140 bytes a file),
// and zip and 7z files found compressed inside other archives, which can only
// be read at random ([Limits].Nested). All together stay within
// [Limits].Memory; an archive that needs more is reported, not read. One thing
// is out of reach: the text model of rar 3 says in the midst of its data how
// much memory it wants, up to 341 MiB, and the library grants it.
package archives
