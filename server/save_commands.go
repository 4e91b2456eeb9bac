package server

import (
	"errors"

	"larder/server/command"
)

// SAVE, BGSAVE and LASTSAVE.

const (
	errSaveRunning = "ERR Background save already in progress"
	errSaveFailed  = "ERR"
)

// replySaveFault replies why there is no snapshot.
func (q *call) replySaveFault(err error) {
	switch {
	case errors.Is(err, errSaving):
		q.out.Error(errSaveRunning)
	case errors.Is(err, errNoSnapshots):
		q.out.Error("ERR " + err.Error())
	default:
		q.out.Error(errSaveFailed) // the log says more, as it does in Redis
	}
}

// saveCommand implements SAVE. It runs on a worker, and nobody writes meanwhile.
func saveCommand(q *call) {
	if err := q.srv.saver.save(); err != nil {
		q.replySaveFault(err)
		return
	}
	q.out.OK()
}

// bgsave implements BGSAVE [SCHEDULE]. In a transaction or a script, whose locks
// are held, it is put off until they are not.
func bgsave(q *call) {
	schedule := len(q.args) == 2 && q.is(1, "SCHEDULE")
	if len(q.args) > 1 && !schedule {
		q.out.Error(command.ErrSyntax)
		return
	}
	sv := &q.srv.saver
	if q.nested && sv.store != nil {
		sv.schedule()
		q.out.Simple("Background saving scheduled")
		return
	}
	if err := sv.background(); err != nil {
		q.replySaveFault(err)
		return
	}
	q.out.Simple("Background saving started")
}

// lastSave implements LASTSAVE.
func lastSave(q *call) {
	sv := &q.srv.saver
	sv.mu.Lock()
	defer sv.mu.Unlock()
	q.out.Int(sv.lastSave.Unix())
}
