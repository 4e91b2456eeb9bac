package compat

import (
	"slices"
	"strings"
	"testing"
)

// blockingScenes are what random histories hardly meet: what else than pushing
// makes a list ready, and what must not wake a client or fails when it does.
// Each line is a client and its command.
var blockingScenes = map[string]string{
	"the destination is no list": `
1: BLMOVE a s LEFT LEFT 0
0: SET s x
0: RPUSH a 1
0: LRANGE a 0 -1
1: BLPOP s 0
1: BRPOPLPUSH s a 0`,
	"the key is of another type meanwhile": `
1: BLPOP a 0
0: SET a v
0: DEL a
0: SADD a v
0: RENAME a b
0: RPUSH a 2`,
	"the last pushed is at the head": `
1: BLPOP q 0
0: LPUSH q 1 2 3
0: LRANGE q 0 -1`,
	"scripts do not wait": `
0: EVAL "redis.call('rpush','z','1') return redis.call('blpop','z','0')" 1 z
0: EVAL "return redis.call('blpop','z','0')" 1 z
0: EVAL "return redis.call('blmove','z','y','left','left','0')" 2 z y`,
	"a script makes several clients go on": `
1: BLPOP z 0
2: BRPOP z 0
0: EVAL "redis.call('rpush','z','1','2','3') return redis.call('llen','z')" 1 z
0: LRANGE z 0 -1`,
	"SORT, COPY, MOVE and SWAPDB make lists": `
0: RPUSH w 9
1: BLPOP z 0
0: SORT w STORE z
1: BLPOP z 0
0: COPY w z
1: BLPOP z 0
0: SELECT 1
0: RPUSH z m
0: MOVE z 0
0: RPUSH z n
1: BLPOP z 0
0: SWAPDB 0 1
0: SELECT 0
0: LRANGE z 0 -1`,
	"a chain of moves": `
1: BLMOVE a b LEFT RIGHT 0
2: BLMOVE b c LEFT RIGHT 0
3: BLMPOP 0 2 c d RIGHT COUNT 2
4: BLPOP a 0
0: RPUSH a 1 2
0: EXISTS a b c`,
	"what was flushed is waited for again": `
1: BLPOP k 0
0: FLUSHALL
0: RPUSH k 1`,
}

func TestBlockingScenes(t *testing.T) {
	for name, text := range blockingScenes {
		t.Run(name, func(t *testing.T) {
			oracle, larder := newCrowd(t, servers.redis, 2, crowdSize), newCrowd(t, servers.subject, 2, crowdSize)
			for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
				client, command, _ := strings.Cut(line, ": ")
				s := waitingStep{client: int(client[0] - '0'), args: commands("0> " + command)[0].Args}
				if want, got := oracle.take(s), larder.take(s); !slices.Equal(want, got) {
					t.Fatalf("%s\nthe oracle's replies by client: %q\nlarder's:                       %q", line, want, got)
				}
			}
		})
	}
}
