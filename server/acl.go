package server

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"larder/protocol/resp"
	"larder/server/command"
)

// There is one user, the default one, who may do everything; requirepass is
// its password. These subcommands of ACL tell so; those that would change
// users do not exist.

func aclWhoAmI(q *call) { q.out.BulkString(q.s.user) }

func aclUsers(q *call) {
	q.out.Array(1)
	q.out.BulkString(defaultUser)
}

// passwordHash is how Redis shows a password.
func passwordHash(pass string) string {
	sum := sha256.Sum256([]byte(pass))
	return hex.EncodeToString(sum[:])
}

func aclList(q *call) {
	access := "nopass"
	if pass := q.srv.cfg.Load().RequirePass; pass != "" {
		access = "#" + passwordHash(pass)
	}
	q.out.Array(1)
	q.out.BulkString("user " + defaultUser + " on " + access + " ~* &* +@all")
}

func aclGetUser(q *call) {
	if string(q.args[2]) != defaultUser {
		q.out.Null()
		return
	}
	flags, passwords := []string{"on", "nopass"}, []string(nil)
	if pass := q.srv.cfg.Load().RequirePass; pass != "" {
		flags, passwords = flags[:1], []string{passwordHash(pass)}
	}
	q.out.Map(6)
	q.out.BulkString("flags")
	q.out.Set(len(flags))
	for _, f := range flags {
		q.out.BulkString(f)
	}
	q.out.BulkString("passwords")
	q.out.Array(len(passwords))
	for _, p := range passwords {
		q.out.BulkString(p)
	}
	for _, pair := range [][2]string{{"commands", "+@all"}, {"keys", "~*"}, {"channels", "&*"}} {
		q.out.BulkString(pair[0])
		q.out.BulkString(pair[1])
	}
	q.out.BulkString("selectors")
	q.out.Array(0)
}

// aclCat implements ACL CAT [category].
func aclCat(q *call) {
	switch len(q.args) {
	case 2:
		q.out.Array(len(command.Categories))
		for _, name := range command.Categories {
			q.out.BulkString(name)
		}
	case 3:
		category := string(toLower(q.args[2]))
		if !slices.Contains(command.Categories, category) {
			q.out.Error("ERR Unknown category '" + q.shown(2) + "'")
			return
		}
		var names []string
		for _, c := range q.srv.table.All {
			if slices.Contains(c.Categories(), category) {
				names = append(names, c.FullName())
			}
		}
		q.out.Array(len(names))
		for _, name := range names {
			q.out.BulkString(name)
		}
	default:
		q.wrongSubcommand()
	}
}

func toLower(b []byte) []byte {
	out := slices.Clone(b)
	for i, c := range out {
		if c >= 'A' && c <= 'Z' {
			out[i] = c | 0x20
		}
	}
	return out
}

// maxPassBits is the most that ACL GENPASS makes.
const maxPassBits = 4096

// aclGenPass implements ACL GENPASS [bits]: random hexadecimal digits.
func aclGenPass(q *call) {
	bits := int64(256)
	switch {
	case len(q.args) > 3:
		q.wrongSubcommand()
		return
	case len(q.args) == 3:
		n, ok := resp.ParseInt(q.args[2])
		if !ok {
			q.out.Error(command.ErrNotInt)
			return
		}
		if n < 1 || n > maxPassBits {
			q.out.Error("ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096")
			return
		}
		bits = n
	}
	digits := int(bits+3) / 4
	raw := make([]byte, (digits+1)/2)
	_, _ = rand.Read(raw) // never fails
	q.out.BulkString(hex.EncodeToString(raw)[:digits])
}

func aclHelp(q *call) {
	q.help(
		"CAT [<category>]",
		"    List the categories, or the commands of one.",
		"GENPASS [<bits>]",
		"    Make a random password of so many bits (default: 256).",
		"GETUSER <username>",
		"    Describe a user.",
		"LIST",
		"    Describe all users as a configuration file would.",
		"USERS",
		"    List the names of all users.",
		"WHOAMI",
		"    Return the name of this connection's user.",
	)
}
