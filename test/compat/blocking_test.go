package compat

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"larder/test/compat/harness"
)

// Commands that wait are compared with several clients at once: who is served,
// with what, in which order. A step lets one client that does not wait send a
// command; then both servers settle, that is, each client has its reply or is
// counted among those that wait; and the replies that came must be the same.

// settleDeadline is how long a server may take for a step.
const settleDeadline = 10 * time.Second

// waitingClient is a connection that may have a command under way.
type waitingClient struct {
	conn    *harness.RESPConn
	id      int64
	replies chan waitingReply
	waits   bool
}

type waitingReply struct {
	value harness.Value
	err   error
}

// waitingCrowd are the clients of one server.
type waitingCrowd struct {
	t       *testing.T
	server  *harness.Server
	proto   int
	control *harness.RESPConn
	clients []*waitingClient
}

func newCrowd(t *testing.T, server *harness.Server, proto, size int) *waitingCrowd {
	w := &waitingCrowd{t: t, server: server, proto: proto, control: dialWaiting(t, server, 2)}
	must(t, w.control, "FLUSHALL")
	for range size {
		w.clients = append(w.clients, nil)
		w.connect(len(w.clients) - 1)
	}
	return w
}

// dialWaiting connects; the test closes what it has not closed itself.
func dialWaiting(t *testing.T, server *harness.Server, proto int) *harness.RESPConn {
	t.Helper()
	c, err := harness.DialRESP(server.Addr, proto)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// connect makes a new connection the i-th client.
func (w *waitingCrowd) connect(i int) {
	c := &waitingClient{conn: dialWaiting(w.t, w.server, w.proto), replies: make(chan waitingReply, 1)}
	c.id, _ = must(w.t, c.conn, "CLIENT", "ID").Int()
	w.clients[i] = c
}

// send lets a client send a command; its reply comes when it comes.
func (w *waitingCrowd) send(i int, args [][]byte) {
	c := w.clients[i]
	c.waits = true
	go func() {
		v, err := c.conn.DoArgs(args)
		c.replies <- waitingReply{v, err}
	}()
}

// blocked is how many clients the server counts as waiting.
func (w *waitingCrowd) blocked() int {
	text := string(must(w.t, w.control, "INFO", "clients").Str)
	_, text, _ = strings.Cut(text, "blocked_clients:")
	n := 0
	_, _ = fmt.Sscan(text, &n) // a number that is missing is none that fits
	return n
}

// settle returns the replies that have come when all that have not wait. answered
// is a client that has to have its reply, -1 for none. The replies that were
// read before the server is asked are of commands that it has done with.
func (w *waitingCrowd) settle(answered int) []string {
	w.t.Helper()
	got := make([]string, len(w.clients))
	for deadline := time.Now().Add(settleDeadline); ; time.Sleep(time.Millisecond) {
		waiting := 0
		for i, c := range w.clients {
			if !c.waits {
				continue
			}
			select {
			case r := <-c.replies:
				if r.err != nil {
					w.t.Fatalf("%s: client %d: %v", w.server.Name, i, r.err)
				}
				c.waits = false
				got[i] = shown(r.value.Raw)
			default:
				waiting++
			}
		}
		if n := w.blocked(); n == waiting && (answered < 0 || !w.clients[answered].waits) {
			return got
		} else if time.Now().After(deadline) {
			w.t.Fatalf("%s: %d clients have no reply, %d wait", w.server.Name, waiting, n)
		}
	}
}

// hangUp closes a client's connection and connects anew.
func (w *waitingCrowd) hangUp(i int) {
	c := w.clients[i]
	c.conn.Close()
	if c.waits {
		<-c.replies // the error
	}
	w.connect(i)
}

// waitingFamily is a set of commands that wait, and of those that they wait for.
type waitingFamily struct {
	name    string
	rows    []string
	classes harness.Classes
	// ends are commands whose replies show the state.
	ends []string
}

const crowdSize = 5

// waitingStep is a step as both crowds take it.
type waitingStep struct {
	client int
	what   string // "": it sends args; or "unblock", "unblock error", "hang up"
	args   [][]byte
}

func (s waitingStep) String() string {
	if s.what != "" {
		return fmt.Sprintf("%d: (%s)", s.client, s.what)
	}
	return fmt.Sprintf("%d: %s", s.client, shown([]byte(strings.Join(strings.Fields(string(joined(s.args))), " "))))
}

func joined(args [][]byte) (line []byte) {
	for _, a := range args {
		line = append(append(line, a...), ' ')
	}
	return line
}

// check runs histories on the oracle and on larder.
func (f *waitingFamily) check(t *testing.T) {
	t.Helper()
	for i := range histories() / 2 {
		seed := *flagSeed + uint64(i)
		if !t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { f.run(t, seed) }) {
			return
		}
	}
}

func (f *waitingFamily) run(t *testing.T, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 0xb10c))
	classes := harness.BaseClasses()
	for name, class := range f.classes {
		classes[name] = class
	}
	grammars := make([]*harness.Grammar, len(f.rows))
	for i, row := range f.rows {
		grammars[i] = harness.ParseGrammar(row, classes)
	}
	proto := 2 + int(seed%2)
	oracle, larder := newCrowd(t, servers.redis, proto, crowdSize), newCrowd(t, servers.subject, proto, crowdSize)
	var log []string
	for range length() {
		s := waitingStep{client: r.IntN(crowdSize)}
		if oracle.clients[s.client].waits {
			// Few of them, so that clients wait in queues.
			if s.what = []string{"", "", "", "", "unblock", "unblock error", "hang up"}[r.IntN(7)]; s.what == "" {
				continue
			}
		} else {
			s.args = grammars[r.IntN(len(grammars))].Make(r, classes)
		}
		log = append(log, s.String())
		want, got := oracle.take(s), larder.take(s)
		if !slices.Equal(want, got) {
			t.Fatalf("%s\nthe oracle's replies by client: %q\nlarder's:                       %q", strings.Join(log[max(0, len(log)-40):], "\n"), want, got)
		}
	}
	for _, line := range f.ends {
		words := strings.Fields(line)
		if want, got := must(t, oracle.control, words...), must(t, larder.control, words...); string(want.Raw) != string(got.Raw) {
			t.Fatalf("%s\n%s: the oracle answers %s, larder %s", strings.Join(log, "\n"), line, shown(want.Raw), shown(got.Raw))
		}
	}
}

// take lets a crowd take a step, and returns what it says of it.
func (w *waitingCrowd) take(s waitingStep) []string {
	w.t.Helper()
	answered := -1
	var said string
	switch s.what {
	case "":
		w.send(s.client, s.args)
		if timesOut(s.args) {
			answered = s.client
		}
	case "hang up":
		w.hangUp(s.client)
	default:
		kind := strings.ToUpper(strings.TrimPrefix(strings.TrimPrefix(s.what, "unblock"), " "))
		if kind == "" {
			kind = "TIMEOUT"
		}
		said = shown(must(w.t, w.control, "CLIENT", "UNBLOCK", fmt.Sprint(w.clients[s.client].id), kind).Raw)
		answered = s.client
	}
	return append(w.settle(answered), said)
}

// soon is the timeout of commands that are left waiting until it is over.
const soon = "0.01"

func timesOut(args [][]byte) bool {
	return slices.ContainsFunc(args, func(a []byte) bool { return string(a) == soon })
}

var blockingLists = waitingFamily{
	name: "lists",
	rows: []string{
		"BLPOP bkey 0",
		"BLPOP bkey* 0",
		"BRPOP bkey* 0",
		"BLMOVE bkey bkey (LEFT|RIGHT) (LEFT|RIGHT) 0",
		"BRPOPLPUSH bkey bkey 0",
		"BLMPOP 0 1 bkey (LEFT|RIGHT) [COUNT few]",
		"BLMPOP 0 2 bkey bkey (LEFT|RIGHT) COUNT few",
		"(BLPOP|BRPOP) bkey* soon",
		"BLMOVE bkey bkey LEFT RIGHT soon",
		"BLMPOP soon 1 bkey LEFT",
		"(BLPOP|BRPOP) bkey badtime",
		"BLMPOP badtime 1 bkey LEFT",
		"BRPOPLPUSH bkey bkey badtime",
		"RPUSH bkey few",
		"RPUSH bkey few*",
		"LPUSH bkey few*",
		"RPUSH bkey few few few few few",
		"LPOP bkey",
		"DEL bkey",
		"RENAME bkey bkey",
		"COPY bkey bkey REPLACE",
		"LMOVE bkey bkey LEFT LEFT",
		"SORT bkey STORE bkey",
		"LINSERT bkey BEFORE few few",
		"LLEN bkey",
		"RPUSHX bkey few",
	},
	classes: harness.Classes{
		"bkey":    harness.Choose("a", "a", "b", "c"),
		"few":     harness.Integer(1, 5),
		"soon":    harness.Choose(soon),
		"badtime": harness.Choose("-1", "abc", "", "-0.001", "nan", "1x"),
	},
	ends: []string{"LRANGE a 0 -1", "LRANGE b 0 -1", "LRANGE c 0 -1"},
}

func TestBlockingLists(t *testing.T) { blockingLists.check(t) }

// blockingTransactions mixes in transactions, which make several keys ready at
// once, and do not wait themselves. Of a client that waits for several keys
// redis-server 7.0 serves the one that became ready first, and 7.2, as larder,
// the one that the command names first; so each waits for one.
var blockingTransactions = waitingFamily{
	name: "transactions",
	rows: []string{
		"MULTI", "MULTI", "EXEC", "EXEC", "EXEC", "DISCARD",
		"(BLPOP|BRPOP) bkey 0",
		"(BLPOP|BRPOP) bkey 0",
		"BLMOVE bkey bkey (LEFT|RIGHT) (LEFT|RIGHT) 0",
		"BRPOPLPUSH bkey bkey 0",
		"BLMPOP 0 1 bkey (LEFT|RIGHT) COUNT few",
		"RPUSH bkey few*",
		"LPUSH bkey few*",
		"RPUSH bkey few*",
		"LPOP bkey",
		"DEL bkey",
		"RENAME bkey bkey",
		"LMOVE bkey bkey LEFT LEFT",
		"RPOPLPUSH bkey bkey",
		"LLEN bkey",
	},
	classes: blockingLists.classes,
	ends:    blockingLists.ends,
}

func TestBlockingTransactions(t *testing.T) { blockingTransactions.check(t) }
