package server

import (
	"strconv"

	"larder/protocol/resp"
	"larder/server/command"
)

func ping(q *call) {
	if q.s.confined() && len(q.args) <= 2 {
		q.subscriberPong()
		return
	}
	switch len(q.args) {
	case 1:
		q.out.Simple("PONG")
	case 2:
		q.out.Bulk(q.args[1])
	default:
		q.out.Error("ERR wrong number of arguments for 'ping' command")
	}
}

func echo(q *call) { q.out.Bulk(q.args[1]) }

func selectDB(q *call) {
	n, ok := q.int32(1)
	if !ok {
		return
	}
	if n < 0 || n >= q.srv.engine.Databases() {
		q.out.Error("ERR DB index is out of range")
		return
	}
	q.s.db = n
	q.out.OK()
}

func quit(q *call) {
	q.out.OK()
	q.s.closing = closeFlushed
}

// reset implements RESET: the session is as if it had just connected, but for
// its id and what it said about its library.
func reset(q *call) {
	s := q.s
	if s.monitor {
		s.monitor = false
		q.srv.monitors.remove(s)
	}
	q.endTransaction()
	q.srv.pubsub.leave(s)
	q.srv.tracking.stop(s)
	s.out.Buf = s.pushes.switchTo(false, s.out.Buf) // what was sent before the reply to RESET comes before it
	s.db, s.name, s.user = 0, "", defaultUser
	s.authed = q.srv.cfg.Load().RequirePass == ""
	s.readOnly, s.noEvict, s.noTouch, s.reply, s.caching = false, false, false, replyOn, cachingUnsaid
	s.out.Proto = 2
	q.out.Simple("RESET")
}

// is tells whether the i-th argument is the given upper-case word, in any case.
func (q *call) is(i int, word string) bool { return command.IsWord(q.args[i], word) }

// int32 parses the i-th argument as a C int; on failure it has replied.
func (q *call) int32(i int) (int, bool) {
	n, ok := resp.ParseInt(q.args[i])
	if !ok {
		q.out.Error(command.ErrNotInt)
		return 0, false
	}
	if n != int64(int32(n)) {
		q.out.Error("ERR value is out of range, value must between -2147483648 and 2147483647")
		return 0, false
	}
	return int(n), true
}

// int parses the i-th argument; on failure it has replied.
func (q *call) int(i int) (int64, bool) {
	n, ok := resp.ParseInt(q.args[i])
	if !ok {
		q.out.Error(command.ErrNotInt)
	}
	return n, ok
}

// onOff parses the i-th argument, ON or OFF; on failure it has replied.
func (q *call) onOff(i int) (on, ok bool) {
	switch {
	case q.is(i, "ON"):
		return true, true
	case q.is(i, "OFF"):
		return false, true
	}
	q.out.Error(command.ErrSyntax)
	return false, false
}

// shown is the i-th argument as Redis shows it in an error.
func (q *call) shown(i int) string { return string(shownWord(q.args[i], len(q.args[i]))) }

// wrongSubcommand is the reply to a subcommand with arguments that fit none of
// its forms.
func (q *call) wrongSubcommand() {
	q.out.Error("ERR unknown subcommand or wrong number of arguments for '" +
		string(shownWord(q.args[1], 128)) + "'. Try " + q.container() + " HELP.")
}

// container is the upper-case name of the command that q's is a part of.
func (q *call) container() string {
	name := q.cmd.Name
	if q.cmd.Parent != nil {
		name = q.cmd.Parent.Name
	}
	return upper(name)
}

func upper(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'a' && c <= 'z' {
			b[i] = c - 0x20
		}
	}
	return string(b)
}

// help writes the reply of a HELP subcommand: the lines between a title and
// the description of HELP itself.
func (q *call) help(lines ...string) {
	q.out.Array(len(lines) + 3)
	q.out.Simple(q.container() + " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:")
	for _, l := range lines {
		q.out.Simple(l)
	}
	q.out.Simple("HELP")
	q.out.Simple("    Print this help.")
}

// printableWord tells whether b may be a client's name: no spaces, line ends
// or bytes that a terminal does not show.
func printableWord(b []byte) bool {
	for _, c := range b {
		if c < '!' || c > '~' {
			return false
		}
	}
	return true
}

func formatInt(n int64) string { return strconv.FormatInt(n, 10) }
