package server

import "strings"

// SCRIPT: the cache of scripts.

func scriptLoad(q *call) {
	s, err := q.srv.scripting.add(q.args[2], true)
	if err != nil {
		q.out.Error(err.Error())
		return
	}
	q.out.BulkString(s.SHA)
}

func scriptExists(q *call) {
	q.out.Array(len(q.args) - 2)
	for _, sha := range q.args[2:] {
		q.out.Flag(q.srv.scripting.find(sha) != nil)
	}
}

// flushMode accepts nothing, ASYNC or SYNC, which make no difference: what is
// forgotten is freed in the background in any case. Else it has replied.
func (q *call) flushMode(refusal string) bool {
	if len(q.args) == 2 || len(q.args) == 3 && (strings.EqualFold(string(q.args[2]), "async") || strings.EqualFold(string(q.args[2]), "sync")) {
		return true
	}
	q.out.Error(refusal)
	return false
}

func scriptFlush(q *call) {
	if q.flushMode("ERR SCRIPT FLUSH only support SYNC|ASYNC option") {
		q.srv.scripting.flush()
		q.out.OK()
	}
}

func scriptKill(q *call) {
	if refusal := q.srv.scripting.kill(false); refusal != "" {
		q.out.Error(refusal)
		return
	}
	q.out.OK()
}

// scriptDebug knows the modes of Redis's debugger, which this server does not
// have: NO is what holds always.
func scriptDebug(q *call) {
	switch strings.ToLower(string(q.args[2])) {
	case "no":
		q.out.OK()
	case "yes", "sync":
		q.out.Error("ERR the Lua debugger is not supported: run the script with redis.log and read the server's log")
	default:
		q.out.Error("ERR Use SCRIPT DEBUG YES/SYNC/NO")
	}
}

func scriptHelp(q *call) {
	q.help(
		"DEBUG (YES|SYNC|NO)",
		"    Accepted with NO: there is no debugger.",
		"EXISTS <sha1> [<sha1> ...]",
		"    Tell which scripts are in the cache.",
		"FLUSH [ASYNC|SYNC]",
		"    Forget all scripts.",
		"KILL",
		"    End the scripts that run and have not written.",
		"LOAD <script>",
		"    Keep a script without running it.",
	)
}
