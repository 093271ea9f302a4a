// Package formats reads raw leak files into records, without needing a store.
//
// [Read] turns one file into a sequence that [leaks.Store.Ingest] takes as it
// is: records and rejects in the order of the input, so that an ingest cut
// short can count its way back to where it stopped.
//
// # JSONL
//
// One JSON object a line, with the names of the contract (username, password,
// host, domain, root_domain, protocol, local_part, email_domain, type,
// upload_stealed, upload_date, log_date, source, stealer_name, country,
// ip_address, computer_name, machine_user, machine_id, hardware_id, software).
// Names are matched exactly; where one of ours is missing, the common names of
// other tools count (url, login, user, email, pass, application, hwid and their
// like). Other members are ignored, null and "" mean
// absent, of repeated members the last counts. A line is accepted when
// encoding/json accepts it as an object, with two exceptions: text that is not
// UTF-8 is refused instead of altered, and values nested deeper than 512 levels
// are refused. Dates are 2006-01-02, or 2006-01-02T15:04:05 with a blank
// allowed for the T, and optionally a fraction (dropped) and a zone (Z, +01:00;
// none means UTC); they lie between 1970-01-02 and 2106-02-07.
//
// # Lines
//
// url:login:password, login:password:url and login:password, decided line by
// line, because files are merged by hand; the file as a whole is asked (the
// first 256 KiB, at most 400 lines) only where a line alone is ambiguous. The
// rules stand beside the code in line.go, url.go and combo.go. Control bytes
// and blanks at the ends are removed, lines that are not UTF-8 are read as
// Windows-1252 or -1251, whichever the file's sample looks like, placeholders such as [NOT_SAVED] become empty, and a JSON object between
// such lines is read as one.
//
// UTF-8 with and without byte order mark, UTF-16 with one, LF and CRLF are
// read. Empty lines are skipped without a trace. A file that begins as archives,
// programs or pictures do, or is full of control bytes, is refused whole with
// [ErrNotText], whatever format it was said to be.
//
// # Memory
//
// Input is cut at line ends into blocks of 256 KiB that are parsed in parallel,
// a bounded number at a time. The strings of a record share the memory of its
// block: a program that keeps few of them for long should clone those. A line
// above [Options.MaxLine] is skipped without being held.
package formats
