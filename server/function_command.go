package server

import (
	"strings"
	"time"

	"larder/protocol/resp"
	"larder/server/command"
	"larder/server/script"
)

// FUNCTION: libraries of functions.

func functionLoad(q *call) {
	policy, at := restoreAppend, 2
	for ; at < len(q.args)-1; at++ {
		if !strings.EqualFold(string(q.args[at]), "replace") {
			q.out.Error("ERR Unknown option given: " + string(q.args[at]))
			return
		}
		policy = restoreReplace
	}
	lib, err := script.CompileLibrary(&q.srv.scripting.pool, string(q.args[at]))
	if err == nil {
		err = q.srv.scripting.register([]*script.Library{lib}, policy)
	}
	if err != nil {
		q.out.Error(err.Error())
		return
	}
	q.changedLibraries()
	q.out.BulkString(lib.Name)
}

func functionDelete(q *call) {
	if !q.srv.scripting.remove(string(q.args[2])) {
		q.out.Error("ERR Library not found")
		return
	}
	q.changedLibraries()
	q.out.OK()
}

func functionFlush(q *call) {
	if q.flushMode("ERR FUNCTION FLUSH only supports SYNC|ASYNC option") {
		q.srv.scripting.removeAll()
		q.changedLibraries()
		q.out.OK()
	}
}

func functionKill(q *call) {
	if refusal := q.srv.scripting.kill(true); refusal != "" {
		q.out.Error(refusal)
		return
	}
	q.out.OK()
}

func functionList(q *call) {
	pattern, withCode := []byte(nil), false
	for i := 2; i < len(q.args); i++ {
		switch word := strings.ToLower(string(q.args[i])); {
		case !withCode && word == "withcode":
			withCode = true
		case pattern == nil && word == "libraryname":
			if i++; i == len(q.args) {
				q.out.Error("ERR library name argument was not given")
				return
			}
			pattern = q.args[i]
		default:
			q.out.Error("ERR Unknown argument " + string(q.args[i]))
			return
		}
	}
	var libs []*script.Library
	for _, lib := range q.srv.scripting.libraries() {
		if pattern == nil || command.MatchGlob(pattern, []byte(lib.Name)) {
			libs = append(libs, lib)
		}
	}
	q.out.Array(len(libs))
	for _, lib := range libs {
		writeLibrary(q.out, lib, withCode)
	}
}

func writeLibrary(out *resp.Writer, lib *script.Library, withCode bool) {
	fields := 3
	if withCode {
		fields++
	}
	out.Map(fields)
	out.BulkString("library_name")
	out.BulkString(lib.Name)
	out.BulkString("engine")
	out.BulkString("LUA")
	out.BulkString("functions")
	out.Array(len(lib.Functions))
	for _, f := range lib.Functions {
		out.Map(3)
		out.BulkString("name")
		out.BulkString(f.Name)
		out.BulkString("description")
		if f.Described {
			out.BulkString(f.Description)
		} else {
			out.Null()
		}
		out.BulkString("flags")
		writeFlags(out, f.Flags)
	}
	if withCode {
		out.BulkString("library_code")
		out.BulkString(lib.Code)
	}
}

func writeFlags(out *resp.Writer, flags script.Flags) {
	n := 0
	for _, f := range script.FlagNames {
		if flags&f.Flag != 0 {
			n++
		}
	}
	out.Set(n)
	for _, f := range script.FlagNames {
		if flags&f.Flag != 0 {
			out.Simple(f.Name)
		}
	}
}

func functionStats(q *call) {
	sc := &q.srv.scripting
	sc.mu.Lock()
	var first *scriptRun // of functions or scripts, that has run longest
	for r := range sc.running {
		if first == nil || r.start.Before(first.start) {
			first = r
		}
	}
	libs, functions := len(sc.libs), len(sc.functions)
	sc.mu.Unlock()
	q.out.Map(2)
	q.out.BulkString("running_script")
	if first == nil {
		q.out.Null()
	} else {
		q.out.Map(3)
		q.out.BulkString("name")
		q.out.BulkString(first.name)
		q.out.BulkString("command")
		q.out.Array(len(first.command))
		for _, arg := range first.command {
			q.out.BulkString(arg)
		}
		q.out.BulkString("duration_ms")
		q.out.Int(time.Since(first.start).Milliseconds())
	}
	q.out.BulkString("engines")
	q.out.Map(1)
	q.out.BulkString("LUA")
	q.out.Map(2)
	q.out.BulkString("libraries_count")
	q.out.Int(int64(libs))
	q.out.BulkString("functions_count")
	q.out.Int(int64(functions))
}

func functionHelp(q *call) {
	q.help(
		"LOAD [REPLACE] <FUNCTION CODE>",
		"    Add a library, or put it in the place of the one with its name.",
		"DELETE <LIBRARY NAME>",
		"    Delete a library.",
		"LIST [LIBRARYNAME PATTERN] [WITHCODE]",
		"    Describe the libraries and their functions.",
		"STATS",
		"    Tell which function runs, and how many there are.",
		"KILL",
		"    End the functions that run and have not written.",
		"FLUSH [ASYNC|SYNC]",
		"    Delete all libraries.",
		"DUMP",
		"    Return all libraries in a form for FUNCTION RESTORE.",
		"RESTORE <PAYLOAD> [FLUSH|APPEND|REPLACE]",
		"    Add the libraries of FUNCTION DUMP: in place of all that are there, unless",
		"    one of them is there (the default), or in the place of those with their names.",
	)
}
