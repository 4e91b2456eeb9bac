package server

import (
	"errors"
	"strings"

	"larder/protocol/rdb"
	"larder/server/script"
)

// FUNCTION DUMP and RESTORE: all libraries as one string of bytes, those that
// Redis makes of the same code.

// functionsVersion is the version of the format in which libraries are
// written: that of Redis 7.0, the first to have them.
const functionsVersion = 10

func functionDump(q *call) {
	var w rdb.Writer
	for _, lib := range q.srv.scripting.libraries() {
		w.Library([]byte(lib.Code))
	}
	w.Seal(0, functionsVersion)
	q.out.Bulk(w.Buf)
}

func functionRestore(q *call) {
	policy := restoreAppend
	if len(q.args) > 4 {
		q.out.Error("ERR unknown subcommand or wrong number of arguments for '" + string(q.args[1]) + "'. Try FUNCTION HELP.")
		return
	}
	if len(q.args) == 4 {
		switch strings.ToLower(string(q.args[3])) {
		case "append":
		case "replace":
			policy = restoreReplace
		case "flush":
			policy = restoreFlush
		default:
			q.out.Error("ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.")
			return
		}
	}
	payload, err := rdb.Open(q.args[2])
	if err != nil {
		q.out.Error("ERR DUMP payload version or checksum are wrong")
		return
	}
	var libs []*script.Library
	err = rdb.Libraries(payload, func(code []byte) error {
		lib, err := script.CompileLibrary(&q.srv.scripting.pool, string(code))
		libs = append(libs, lib)
		return err
	})
	if err == nil {
		err = q.srv.scripting.register(libs, policy)
	}
	var exists errLibraryExists
	switch {
	case errors.As(err, &exists):
		q.out.Error("ERR Library " + exists.name + " already exists") // without quotes, as Redis says it here
	case errors.Is(err, rdb.ErrCorrupt):
		q.out.Error("ERR failed loading the given functions payload: " + err.Error())
	case err != nil:
		q.out.Error(err.Error())
	default:
		q.ex.stats.dirty.add(1)
		q.out.OK()
	}
}
