// Package formats reads raw leak files into records, without needing a store.
//
// [Parse] takes whole inputs, the files of a folder or an archive as a sequence
// of [Entry] (package archives makes such), and gives what they hold: the
// credentials of stealers' logs with the facts of their machines, lines, tables
// and documents, machines without credentials, cards, numbers of cookies.
//
// [Read] turns one file of lines into a sequence that [leaks.Store.Ingest] takes as it
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
// Empty lines are skipped without a trace. A file that begins as archives,
// programs or pictures do, or is full of control bytes, is refused whole with
// [ErrNotText], whatever format it was said to be.
//
// # Stealers' logs
//
// A log is what lies in a victim's folder: the one named after the machine
// (CC[HWID] [date]), else the file's own without the folders that belong inside
// logs (Chrome/Default), else one above that has a system file. Its credentials
// wait until the log ends and then get the facts of its system file, or what the
// folder's name says; [ParseOptions].MaxHeld bounds the waiting. A credential
// that a log has in two files counts once, as Lumma writes all of them twice.
//
// Labelled records: a key counts at the start of its line only, blanks and "- "
// before it aside. Keys are compared in lower case, letters and digits only,
// with a list of aliases that has other languages and leet spelling. A record
// ends at a line of rule marks, at a key it has already, and at a blank line
// once it has a place and a password. Exactly one blank behind the colon is
// dropped; all others are the password's. Lines of url:login:password between
// the records are read.
//
// System files: the first value of each key counts; lists of programs and
// processes end the keys, as programs are called anything. The family is told
// by keys, headings and banners, never by file names.
//
// Dates: a date with slashes that can be read in two ways stays empty, unless
// the folder's name, the file's time (both within a day and a half of one of
// the readings) or the family (Vidar writes the day first) decides. The
// readings are in [Machine].LogDates. A date without a zone is taken for UTC.
//
// Cards keep the first six and last four digits, checked after Luhn, and the
// month they expire. Files below FileGrabber, Files, Important Files and their
// like are never opened ([Grabbed]); neither are lists of passwords without
// logins, autofill, histories and tokens.
//
// # Tables and documents
//
// Columns (commas, semicolons, tabs, pipes; RFC 4180) go by the names in their
// header: browsers', password managers', or the contract's. A cell has at most
// 200 lines and 64 KiB. JSON that is one document is read object by object:
// stealer-parser's, or any list of objects with a login or a password.
//
// # Encodings
//
// UTF-8 and UTF-16, with a byte order mark or without. A line that is not UTF-8
// is read as Windows-1252 or Windows-1251, whichever such lines of the file's
// beginning look like: in Cyrillic words all letters are high bytes, in Western
// European ones a few. Line ends may be mixed; a file with CR and no LF ends its
// lines with CR. NUL and other control bytes are dropped.
//
// # Memory
//
// Input is cut at line ends into blocks of 256 KiB that are parsed in parallel,
// a bounded number at a time. The strings of a record share the memory of its
// block: a program that keeps few of them for long should clone those. A line
// above [Options.MaxLine] is skipped without being held.
package formats
