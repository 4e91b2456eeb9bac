package server

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// sliced is a command that works in slices, with what others see of it.
type sliced struct {
	name string
	// fill makes what the command works on, anew for each run.
	fill string
	run  string
	// look is what readers send meanwhile, and seen tells whether a reply is that
	// of the state before or of the state behind.
	look string
	seen func(reply string) bool
	// write is what a writer sends meanwhile, with the number of the request: it
	// leaves alone what readers look at.
	write func(i int) string
	// check looks at the reply of run.
	check func(reply string) bool
}

const slicedMembers = 20_000

// oneOf tells whether a reply is one of the given.
func oneOf(replies ...string) func(string) bool {
	return func(reply string) bool {
		for _, r := range replies {
			if reply == r {
				return true
			}
		}
		return false
	}
}

// fillMany returns the commands that add members from a number on to a key.
func fillMany(command, key string, from, n int, element func(i int) string) string {
	var b strings.Builder
	for i := from; i < from+n; i += 100 {
		b.WriteString(command + " " + key)
		for j := i; j < min(i+100, from+n); j++ {
			b.WriteString(" " + element(j))
		}
		b.WriteString("\r\n")
	}
	return b.String()
}

func slicedCommands() []sliced {
	member := func(i int) string { return "member:" + strconv.Itoa(i) }
	scored := func(i int) string { return strconv.Itoa(i) + " member:" + strconv.Itoa(i) }
	n := strconv.Itoa(slicedMembers)
	all := ":" + n + "\r\n"
	elsewhere := func(i int) string { return fmt.Sprintf("SET other%d v\r\nGET other%d\r\n", i%500, i%400) }
	move := func(add, remove string) func(int) string {
		return func(i int) string { return fmt.Sprintf(add+"\r\n"+remove+"\r\n", i%50, i%50) }
	}
	none := func(reply string) func(string) bool { return oneOf(reply) }
	return []sliced{
		{"SUNIONSTORE", fillMany("SADD", "a", 0, slicedMembers, member) + "DEL dst\r\n", "SUNIONSTORE dst a", "SCARD dst", oneOf(":0\r\n", all), elsewhere, none(all)},
		{"SUNIONSTORE while a source changes", "DEL a\r\n" + fillMany("SADD", "a", 0, slicedMembers, member) + "DEL dst\r\n", "SUNIONSTORE dst a", "SCARD dst",
			oneOf(":0\r\n", all, ":"+strconv.Itoa(slicedMembers+1)+"\r\n"), move("SADD a new%d", "SREM a new%d"), oneOf(all, ":"+strconv.Itoa(slicedMembers+1)+"\r\n")},
		{"ZUNIONSTORE while a score changes", fillMany("ZADD", "z", 0, slicedMembers, scored) + "DEL zdst\r\n", "ZUNIONSTORE zdst 1 z", "ZCARD zdst", oneOf(":0\r\n", all),
			func(i int) string { return fmt.Sprintf("ZADD z %d member:%d\r\n", i, i%slicedMembers) }, none(all)},
		{"ZREMRANGEBYRANK", "DEL z\r\n" + fillMany("ZADD", "z", 0, slicedMembers, scored), "ZREMRANGEBYRANK z 10 -1", "ZCARD z", oneOf(all, ":10\r\n"), elsewhere, none(":" + strconv.Itoa(slicedMembers-10) + "\r\n")},
		{"ZREMRANGEBYRANK while a score changes", "DEL z\r\n" + fillMany("ZADD", "z", 0, slicedMembers, scored), "ZREMRANGEBYRANK z 10 -1", "ZCARD z", oneOf(all, ":10\r\n"),
			func(i int) string { return fmt.Sprintf("ZADD z XX %d member:%d\r\n", i, i%slicedMembers) }, none(":" + strconv.Itoa(slicedMembers-10) + "\r\n")},
		{"COPY of a hash", fillMany("HSET", "h", 0, slicedMembers, scored) + "DEL hdst\r\n", "COPY h hdst", "HLEN hdst", oneOf(":0\r\n", all), elsewhere, none(":1\r\n")},
		{"RENAME of a list", "DEL l ldst\r\n" + fillMany("RPUSH", "l", 0, slicedMembers, member), "RENAME l ldst", "EVAL return{redis.call('LLEN','l')+redis.call('LLEN','ldst')} 2 l ldst",
			oneOf("*1\r\n" + all), elsewhere, none("+OK\r\n")},
		{"SORT STORE", "DEL l\r\n" + fillMany("RPUSH", "l", 0, slicedMembers, member) + "DEL sorted\r\n", "SORT l ALPHA STORE sorted", "LLEN sorted", oneOf(":0\r\n", all),
			func(i int) string { return fmt.Sprintf("LSET l %d changed%d\r\n", i%slicedMembers, i) }, none(all)},
		{"SMEMBERS while it changes", "DEL a\r\n" + fillMany("SADD", "a", 0, slicedMembers, member), "SMEMBERS a", "SCARD a", oneOf(all, ":"+strconv.Itoa(slicedMembers+1)+"\r\n"),
			move("SADD a new%d", "SREM a new%d"), func(reply string) bool {
				return strings.HasPrefix(reply, "*"+n+"\r\n") == (strings.Count(reply, "\r\n") == 1+2*slicedMembers) && strings.Count(reply, "new") <= 1
			}},
	}
}

// TestOthersSeeNoPartOfACommand runs commands that work in slices on workers
// while others read what they make and write what they read: everybody sees the
// state before or the state behind.
func TestOthersSeeNoPartOfACommand(t *testing.T) {
	for _, c := range slicedCommands() {
		t.Run(c.name, func(t *testing.T) {
			srv := newTestServer(t)
			client := newTestClient(t, srv, &respFront{})
			for range 3 {
				client.do(c.fill)
				var stop atomic.Bool
				var others sync.WaitGroup
				var looks, writes atomic.Int64
				other := func(each func(o *testClient, i int)) {
					o := newTestClient(t, srv, &respFront{})
					others.Go(func() {
						for i := 0; !stop.Load(); i++ {
							each(o, i)
						}
					})
				}
				other(func(o *testClient, _ int) {
					looks.Add(1)
					if reply := o.do(lookCommand(c.look)); !c.seen(reply) {
						t.Errorf("a reader sees %.60q", reply)
						stop.Store(true)
					}
				})
				other(func(o *testClient, i int) {
					writes.Add(1)
					o.do(c.write(i))
				})
				await(t, func() bool { return looks.Load() > 3 && writes.Load() > 3 || stop.Load() })
				reply := client.do(c.run + "\r\n")
				after := looks.Load() + 3
				await(t, func() bool { return looks.Load() > after || stop.Load() })
				stop.Store(true)
				others.Wait()
				if !c.check(reply) {
					t.Errorf("%s answers %.60q", c.run, reply)
				}
			}
		})
	}
}

// lookCommand is a command whose only argument with spaces is a script.
func lookCommand(look string) string {
	words := strings.Fields(look)
	if words[0] != "EVAL" {
		return look + "\r\n"
	}
	keys := len(words) - 3
	return wire("EVAL", append([]string{strings.Join(words[1:keys], " ")}, words[keys:]...)...)
}

// await waits until f is true.
func await(t *testing.T, f func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !f(); time.Sleep(100 * time.Microsecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not happen within 30 s")
		}
	}
}
