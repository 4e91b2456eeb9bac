package server

import (
	"strings"

	"larder/protocol/resp"
	"larder/server/command"
)

// lolwut implements LOLWUT [VERSION version] [columns [rows]]: a shelf of
// preserves, a different one each time.
func lolwut(q *call) {
	args := q.args[1:]
	sized := false // the picture of that version takes a size
	if len(args) >= 2 && command.IsWord(args[0], "VERSION") {
		version, ok := resp.ParseInt(args[1])
		if !ok {
			q.out.Error(command.ErrNotInt)
			return
		}
		sized = version == 5 || version == 6
		args = args[2:]
	}
	size := [2]int{6, 3}
	for i := range min(len(args), 2) {
		n, ok := resp.ParseInt(args[i])
		if !ok && sized {
			q.out.Error(command.ErrNotInt)
			return
		}
		if !ok {
			break // as in Redis, whose other pictures have no size
		}
		size[i] = int(min(max(n, 1), [2]int64{16, 8}[i]))
	}
	q.out.Verbatim("txt", larderShelves(size[0], size[1], q.ex.seed())+"\nlarder "+Version+", Redis ver. "+RedisVersion+"\n")
}

// larderShelves draws rows shelves with jars jars each; seed decides what is
// in them and how full they are.
func larderShelves(jars, rows int, seed uint64) string {
	const jarHeight, jarWidth = 4, 6
	fillings := []byte("oO*@%&~:")
	var b strings.Builder
	for range rows {
		type jar struct {
			filling byte
			level   int
		}
		shelf := make([]jar, jars)
		for i := range shelf {
			seed = seed*6364136223846793005 + 1442695040888963407
			shelf[i] = jar{fillings[seed>>60&7], int(seed >> 40 % (jarHeight + 1))}
		}
		b.WriteString(strings.Repeat("  ____  ", jars) + "\n")
		for line := range jarHeight {
			for _, j := range shelf {
				inside := strings.Repeat(" ", jarWidth-2)
				if jarHeight-line <= j.level {
					inside = strings.Repeat(string(j.filling), jarWidth-2)
				}
				b.WriteString(" |" + inside + "| ")
			}
			b.WriteByte('\n')
		}
		b.WriteString(strings.Repeat(" '----' ", jars) + "\n")
		b.WriteString(strings.Repeat("=", jars*(jarWidth+2)) + "\n")
	}
	return b.String()
}
