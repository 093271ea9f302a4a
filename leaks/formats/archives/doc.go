// Package archives walks what an analyst is handed: files, folders, archives
// and archives inside archives. [Walk] yields every plain file of an input as
// a [formats.Entry]; nothing is ever written to disk.
//
// # What is read
//
//   - zip: Store, Deflate, bzip2, LZMA, zstd and xz; ZipCrypto and WinZip AES;
//     zip64; names in any case of slashes. A zip whose directory is cut off is
//     read from its local headers.
//   - 7z: Copy, LZMA, LZMA2, PPMd, Deflate, bzip2, zstd, Delta; AES-256, also of
//     the directory.
//   - rar: versions 2 to 7, encrypted files and headers, volumes beside each
//     other on disk.
//   - tar, gzip, zstd, xz, bzip2, and tar in any of them.
//   - name.001, name.002 and so on, read as the one file they were cut from.
//
// What a file is, its first bytes say, not its name. Inside archives a file
// whose name says that it is text, a picture or an office document is not
// asked. Not read: Deflate64, the x86 filters of 7z (both are reported as
// unsupported), zip's own way of splitting (.z01), self-extracting programs.
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
// Everything is streamed. What is held: the directory of a 7z (at most
// 128 MiB, some 140 bytes a file), a decoder's dictionary (at most 128 MiB),
// and zip and 7z files found compressed inside other archives, which can only
// be read at random ([Limits].Nested). Archives that need more are reported,
// not read.
package archives
