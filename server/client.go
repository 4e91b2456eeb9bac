package server

import "larder/server/command"

func clientID(q *call) { q.out.Int(int64(q.s.id)) }

func clientGetName(q *call) {
	if q.s.name == "" {
		q.out.Null()
		return
	}
	q.out.BulkString(q.s.name)
}

func clientSetName(q *call) {
	if !printableWord(q.args[2]) {
		q.out.Error(errClientName)
		return
	}
	q.s.name = string(q.args[2])
	q.out.OK()
}

// clientSetInfo implements CLIENT SETINFO, which client libraries send when
// they connect.
func clientSetInfo(q *call) {
	field := &q.s.libName
	word := "lib-name"
	switch {
	case q.is(2, "LIB-NAME"):
	case q.is(2, "LIB-VER"):
		field, word = &q.s.libVer, "lib-ver"
	default:
		q.out.Error("ERR Unrecognized option '" + q.shown(2) + "'")
		return
	}
	if !printableWord(q.args[3]) {
		q.out.Error("ERR " + word + " cannot contain spaces, newlines or special characters.")
		return
	}
	*field = string(q.args[3])
	q.out.OK()
}

func clientNoEvict(q *call) {
	if on, ok := q.onOff(2); ok {
		q.s.noEvict = on
		q.out.OK()
	}
}

func clientNoTouch(q *call) {
	if on, ok := q.onOff(2); ok {
		q.s.noTouch = on
		q.out.OK()
	}
}

// clientReply implements CLIENT REPLY; the dispatcher does the muting.
func clientReply(q *call) {
	switch {
	case q.is(2, "ON"):
		q.s.reply = replyOn
		q.out.OK()
	case q.is(2, "OFF"):
		q.s.reply = replyOff
	case q.is(2, "SKIP"):
		if q.s.reply != replyOff {
			q.s.reply = replySkipNext
		}
	default:
		q.out.Error(command.ErrSyntax)
	}
}

// clientUnblock implements CLIENT UNBLOCK client-id [TIMEOUT|ERROR].
func clientUnblock(q *call) {
	if len(q.args) > 4 {
		q.wrongSubcommand()
		return
	}
	if len(q.args) == 4 && !q.is(3, "TIMEOUT") && !q.is(3, "ERROR") {
		q.out.Error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR")
		return
	}
	id, ok := q.int(2)
	if !ok {
		return
	}
	s := q.srv.clients.get(uint64(id))
	q.out.Flag(s != nil && q.srv.waiting.unblock(s, len(q.args) == 4 && q.is(3, "ERROR")))
}

func clientHelp(q *call) {
	q.help(
		"CACHING (YES|NO)",
		"    Say whether the next command's keys are tracked (OPTIN and OPTOUT modes).",
		"GETNAME",
		"    Return the name of this connection.",
		"GETREDIR",
		"    Return the id of the client that gets this connection's invalidation messages.",
		"ID",
		"    Return the id of this connection.",
		"INFO",
		"    Describe this connection.",
		"KILL <ip:port>",
		"    Close the connection from that address.",
		"KILL <option> <value> [<option> <value> [...]]",
		"    Close the connections that all options match:",
		"    * ADDR (<ip:port>|<unixsocket>:0)",
		"      from that address.",
		"    * LADDR (<ip:port>|<unixsocket>:0)",
		"      made to that address.",
		"    * ID <client-id>",
		"      with that id.",
		"    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
		"      of that kind.",
		"    * USER <username>",
		"      that authenticated as that user.",
		"    * SKIPME (YES|NO)",
		"      Spare this connection (default: yes).",
		"LIST [TYPE (NORMAL|MASTER|REPLICA|PUBSUB)] [ID <client-id> [...]]",
		"    Describe connections.",
		"NO-EVICT (ON|OFF)",
		"    Protect this connection from being closed for memory.",
		"NO-TOUCH (ON|OFF)",
		"    Do not count this connection's reads as use of keys.",
		"PAUSE <timeout> [WRITE|ALL]",
		"    Make commands, or those that write, wait for <timeout> milliseconds.",
		"REPLY (ON|OFF|SKIP)",
		"    Say whether this connection wants replies.",
		"SETINFO <option> <value>",
		"    Describe the client library; options are LIB-NAME and LIB-VER.",
		"SETNAME <name>",
		"    Name this connection.",
		"TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]] [OPTIN] [OPTOUT] [NOLOOP]",
		"    Switch the tracking of keys for client-side caching.",
		"TRACKINGINFO",
		"    Describe this connection's tracking.",
		"UNBLOCK <clientid> [TIMEOUT|ERROR]",
		"    End a blocking command of another connection.",
		"UNPAUSE",
		"    End CLIENT PAUSE.",
	)
}
