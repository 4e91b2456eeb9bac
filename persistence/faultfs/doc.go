// Package faultfs is a file system in memory that fails as disks do, for tests
// of what has to survive that.
//
//	            FS: what programs see                 what the disk has
//	file        content ── Sync ────────────────────► durable content
//	directory   names ──── SyncDir ─────────────────► durable names
//
// Crash makes the file system as a power cut leaves it. What was synced is
// there. Of the rest, each sector of a file and each name of a directory is
// there or not by itself, in no order: a later write may have reached the disk
// and an earlier one not. A sector that was being written may be torn, or hold
// rubbish where its bytes were to change; it keeps those that were not (which is
// what disks with powersafe overwrite promise).
//
// A Sync that fails may have written some of the sectors and takes the others
// for written from then on, as Linux does: a later Sync succeeds and does not
// bring them to the disk, although reading shows them until the machine crashes.
//
// Faults are injected by a function that sees every operation before it happens
// (FS.Inject), and a crash by the number of operations that are still to succeed
// (FS.CrashAfter). Everything that is random comes from the generator that New
// gets, so a history is the same for the same seed.
package faultfs
