package server

import (
	"bytes"
	"strings"

	"go.uber.org/zap"

	"larder/server/command"
)

// speaksHTTP tells whether an unknown command is the start of an HTTP request
// or of one of its header lines: a browser that was lured into sending commands
// to a port of its own machine. Such a connection must not be listened to any
// further.
func speaksHTTP(name []byte) bool {
	return command.IsWord(name, "POST") || command.IsWord(name, "HOST:")
}

func (srv *Server) logHTTP(s *session) {
	srv.log.Warn("closing a connection that speaks HTTP, which may be an attack by way of somebody's browser",
		zap.Uint64("id", s.id), zap.String("addr", s.peer.remote))
}

// unknownCommand is Redis's error for a command that does not exist; it shows
// the start of the arguments, at most 128 bytes of name and of arguments.
func unknownCommand(args [][]byte) string {
	var b strings.Builder
	b.WriteString("ERR unknown command '")
	b.Write(shownWord(args[0], 128))
	b.WriteString("', with args beginning with: ")
	shown := 0
	for _, a := range args[1:] {
		if shown >= 128 {
			break
		}
		part := shownWord(a, 128-shown)
		b.WriteByte('\'')
		b.Write(part)
		b.WriteString("' ")
		shown += len(part) + 3
	}
	return b.String()
}

func unknownSubcommand(top *bound, args [][]byte) string {
	return "ERR unknown subcommand '" + string(shownWord(args[1], 128)) + "'. Try " + strings.ToUpper(top.Name) + " HELP."
}

// shownWord is what Redis prints of a word in an error: as a C string, which
// ends at a zero byte, and no more than limit bytes.
func shownWord(word []byte, limit int) []byte {
	word, _, _ = bytes.Cut(word, []byte{0})
	return word[:min(len(word), limit)]
}
