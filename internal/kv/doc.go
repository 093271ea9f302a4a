// Package kv keeps a store's directory: segment files, and the catalogue that
// says which of them are the store. It is the only importer of Badger, none of
// whose errors leave it.
//
//	LEAKSCOPE    marker: what this directory is, and its format
//	badger/      the catalogue: a Badger database, some MiB; ballast, witness
//	segments/    one immutable file a segment, 0000000000000001.seg and so on
//
// # The catalogue
//
// A few kinds of small records, each under one key (keys.go) and framed with its
// length and a checksum over key and content (records.go): the state (counters,
// and the number and checksum of the segment records), the segments of the
// manifest, dropped segments whose files may still be there, batches, and the
// check value of the store's key.
//
// # Writing
//
// A segment file is written under its temporary name, then synced, then its
// directory. One Badger transaction, small and synced, lists it (Publish); only
// then it gets its final name. So a segment is in the store whole or not at all,
// and a file's name says on which side of the transaction it stands:
//
//	.tmp, not listed            never published: removed at open
//	.tmp, listed                the crash came before the renaming: done at open
//	.seg, listed                a segment of the store
//	.seg, noted as dropped      left the store: removed by RemoveFile or at open
//	.seg, neither               damage: Badger, which cuts its log silently at the
//	                            first bad byte, has lost a transaction that had
//	                            been acknowledged. Nothing is removed.
//
// # Records of other rooms
//
// Package watchlist keeps its records here too (rooms.go): keys and payloads of its
// own, framed as all others, read in snapshots and in the order of their keys, and
// written in transactions that run one after another beside the publishing of
// segments (roomwrite.go). A room's state record has the number of its records and
// the sum of their checksums, so one that is lost, or is back, is found when the
// room is opened. A transaction too large for Badger, such as the deletion of all
// that a workspace has, goes through a journal (journal.go) and is as whole.
//
// No file of such a record is left when Badger cuts its log. So a witness, a small
// file that is not synced, notes the generations that were acknowledged
// (witness.go): a catalogue that is older than its witness has lost transactions.
//
// # Why not the bytes in Badger as well
//
// BenchmarkPublish writes segments of 8 MiB both ways, durably; medians of eight
// runs on a busy machine (the spread is half of the figure), 64 segments:
//
//	                       write     read back   on disk   left after dropping all
//	files                  570 MB/s   8.1 GB/s   517 MiB     5 MiB
//	256 KiB values         690 MB/s  10.5 GB/s   512 MiB   512 MiB; 0 with DropPrefix
//
// So it is not for speed. DropPrefix stops all writing while it works and leaves
// the rewriting of mixed log files to a collector, where a file is just unlinked;
// a damaged file is an error that names its segment, where a damaged value reads
// as an empty one; and a full disk is ENOSPC, where a memory map ends the process.
// A publish costs some milliseconds, mostly in syncing the file; the transaction
// alone takes 0.6 ms.
//
// # Against Badger's sharp edges
//
// Values stay below its threshold for separate values, since a damaged value log
// reads as empty values. Before it opens, its tables are read through once, since
// a broken one would end the process; before it writes, free space is looked at
// and its log's blocks are claimed, since a full disk would do the same; a ballast
// file leaves it room to open and close on a full one. The names of its new files
// are synced here, since it does not. Its error log is an alarm: what it reports
// there and nowhere else stops further writes.
//
// What remains: another program that fills the last MiB of the disk between the
// look and Badger's flush of its log, and damage to a table while it is open, can
// still end the process. What was acknowledged survives that.
package kv
