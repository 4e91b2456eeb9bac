// Package oplog is the append-only log: every change of the data set, in the
// order in which it was made, in files that survive a crash.
//
// # The files
//
//	appendonly.manifest                       which of the files below count (manifest.go)
//	appendonly.00000000000000004711.rdb       base: the state before record 4711
//	appendonly.00000000000000004711           segment: records 4711 to 90209 (segment.go)
//	appendonly.00000000000000090210           segment: records 90210 to now
//
//	segment   header 48 B │ block │ block │ … │ zeros that were allocated ahead
//	block     header 48 B │ record │ record │ …                       (block.go)
//	record    time, commands: {seed, database, arguments}             (package record)
//
// # The way of a record
//
//	Append        copies it behind the others, under a leaf lock      (records.go)
//	writer        takes what has come in, seals it, writes it         (writer.go)
//	writer, or    makes it durable; Durable rises, OnDurable is told  (sync.go)
//	  syncer
//	...           a failed disk: all that is not durable again, to a
//	              new segment                                         (repeat.go)
//	Cut, Rebase   a snapshot takes the place of older segments        (cut.go)
//	Recover       base, then records, at the next start               (recover.go)
//
// # What is promised
//
// A record up to Durable is there after a crash of the process or of the
// machine. Records come back in order and without a gap; those behind the last
// durable one come back up to some point, or not at all; a record of several
// commands comes back as a whole. With SyncEverySec, Durable is at most one
// second behind what was appended, and writes find no Room when it would be more
// than two; what a killed process had appended is in the file but for the last
// millisecond. After a failed write or sync nothing of this changes: no file is
// trusted that has failed once.
//
// What is assumed of the disk: what was synced stays, and a crash in the middle
// of a write changes no bytes beside those that are being written.
//
// Damage is found by checksums, and reported as a CorruptError of package
// persistence; see block.go for how it is told from the torn end that a crash
// leaves. It cannot be told where nothing was written after the last sync: the
// last block of a log whose process was killed is taken for torn when it is
// damaged.
package oplog
