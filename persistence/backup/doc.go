// Package backup copies the data set to a target, a folder or an S3-compatible
// store, and brings it back: as it was when the copy was made, or at a moment
// in time before.
//
// # What a target holds
//
//	backups/20261122T100000.000Z-9f2c    a backup: which files make it up (manifest.go)
//	objects/7d865e959b2466918c9863afca…  the content of a file, by its SHA-256
//	pending/20261122T110000.000Z-03be    a backup that is being made needs these objects
//	pruning/20261122T110007.000Z-5ad1    objects are being removed
//
// A backup of a data set with a log is the snapshot that the log continues and
// the segments since, up to the last whole record. A snapshot and a segment that
// others follow do not change, so that the next backup of the same log finds
// most of its objects there and sends only what is new. A data set without a
// log is backed up as one snapshot.
//
// # The way of a backup
//
//	source     opens the files as they are at one moment                (source.go)
//	Create     pending, objects, and last of all the backup's manifest  (create.go)
//	List       reads manifests: what has none is no backup              (repository.go)
//	Fetch      writes files to a directory, each checked by its SHA-256 (fetch.go)
//	Prune      removes old backups and what no other one needs          (prune.go)
//	Scheduler  calls Create and Prune when it is time                   (schedule.go)
//
// # What is promised
//
// A backup that is listed is complete. Whatever is interrupted, wherever, leaves
// objects that no backup names; Prune removes them once they are so old that
// nobody can still be working on them. Prune never removes what a backup needs,
// also not one that is being made meanwhile: Create first says what it will need
// and then looks for Prune, Prune first says that it is at work and then looks
// for Create, so that at least one of them sees the other. Create then waits, and
// Prune keeps what Create needs. That takes a store whose lists show at once what
// was put there, as folders and S3 do.
package backup
