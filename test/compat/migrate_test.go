package compat

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"

	"larder/test/compat/harness"
)

// refusing returns the address of a port on which nobody listens.
func refusing(t *testing.T) (host, port string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host, port, err = net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return host, port
}

// Requests that are wrong, about absent keys, or for a target that is not
// there are answered as by Redis.
func TestMigrateRefusals(t *testing.T) {
	theirs, ours := dial(t, servers.redis), dial(t, servers.subject)
	host, port := refusing(t)
	for _, c := range []*harness.RESPConn{theirs, ours} {
		must(t, c, "DEL", "nosuch")
		must(t, c, "SET", "there", "x")
	}
	for _, words := range []string{
		"there 0 100", "nosuch 0 100", "there x 100", "there 0 x", "there x y", "nosuch x 100", "there 0 100 JUNK", "there 0 100 COPY REPLACE",
		"there 0 100 AUTH", "there 0 100 AUTH2 a", "there 0 100 KEYS there", "there 0 -5", "there 99999999999999999999 1", "nosuch 0 100 COPY AUTH2 a b",
	} {
		args := append([]string{"MIGRATE", host, port}, strings.Fields(words)...)
		want, err := theirs.Do(args...)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ours.Do(args...)
		if err != nil || string(got.Raw) != string(want.Raw) {
			t.Errorf("MIGRATE HOST PORT %s answers %q, the oracle %q (%v)", words, got.Raw, want.Raw, err)
		}
	}
}

// The keys of MIGRATE stand in one of two places.
func TestMigrateKeys(t *testing.T) {
	theirs, ours := dial(t, servers.redis), dial(t, servers.subject)
	for _, words := range [][]string{
		{"key", "0", "100", "COPY"},
		{"", "0", "100", "COPY", "KEYS", "a", "b"},
		{"", "0", "100", "keys", "a"},
		{"key", "0", "100", "KEYS", "a", "b"},
	} {
		args := append([]string{"COMMAND", "GETKEYS", "MIGRATE", "host", "1"}, words...)
		want, err := theirs.Do(args...)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ours.Do(args...)
		if err != nil || string(got.Raw) != string(want.Raw) {
			t.Errorf("%q answers %q, the oracle %q (%v)", args, got.Raw, want.Raw, err)
		}
	}
}

// Keys of all types and with deadlines go to redis-server and come back.
func TestMigrateThereAndBack(t *testing.T) {
	needLarder(t)
	r := rand.New(rand.NewPCG(*flagSeed, 0xd04d))
	theirs, ours := dial(t, servers.redis), dial(t, servers.subject)
	must(t, theirs, "FLUSHALL")
	must(t, ours, "FLUSHALL")
	var keys []string
	for i, m := range valueMakers {
		key := fmt.Sprintf("%s:%d", m.name, i)
		keys = append(keys, key)
		for _, words := range m.fill(r, key, 40) {
			must(t, ours, words...)
		}
	}
	for i := range 200 {
		key := fmt.Sprint("string:", i)
		keys = append(keys, key)
		must(t, ours, "SET", key, compressible(r, 2000), "EX", fmt.Sprint(10_000+i))
	}
	before := map[string]string{}
	for _, key := range keys {
		before[key] = string(must(t, ours, "DUMP", key).Str)
	}
	migrate := func(from *harness.RESPConn, to *harness.Server, options ...string) harness.Value {
		host, port, err := net.SplitHostPort(to.Addr)
		if err != nil {
			t.Fatal(err)
		}
		v, err := from.Do(append([]string{"MIGRATE", host, port, "", "3", "5000"}, options...)...)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	all := append([]string{"KEYS"}, keys...)
	if v := migrate(ours, servers.redis, append([]string{"COPY"}, all...)...); string(v.Str) != "OK" {
		t.Fatalf("MIGRATE COPY answers %q", v.Raw)
	}
	if n, _ := must(t, ours, "DBSIZE").Int(); int(n) != len(keys) {
		t.Errorf("after MIGRATE COPY there are %d keys of %d", n, len(keys))
	}
	if v := migrate(ours, servers.redis, all...); !strings.Contains(string(v.Raw), "-ERR Target instance replied with error: BUSYKEY") {
		t.Errorf("MIGRATE of keys that are there answers %q", v.Raw)
	}
	if v := migrate(ours, servers.redis, append([]string{"REPLACE"}, all...)...); string(v.Str) != "OK" {
		t.Fatalf("MIGRATE REPLACE answers %q", v.Raw)
	}
	if n, _ := must(t, ours, "DBSIZE").Int(); n != 0 {
		t.Errorf("after MIGRATE there are %d keys", n)
	}
	if v := migrate(ours, servers.redis, all...); string(v.Str) != "NOKEY" {
		t.Errorf("MIGRATE of absent keys answers %q", v.Raw)
	}
	must(t, theirs, "SELECT", "3")
	if v := migrate(theirs, servers.subject, all...); string(v.Str) != "OK" {
		t.Fatalf("the oracle's MIGRATE answers %q", v.Raw)
	}
	must(t, ours, "SELECT", "3")
	for _, key := range keys {
		ttl, _ := must(t, ours, "TTL", key).Int()
		if s := strings.HasPrefix(key, "string"); s && (ttl < 9_000 || ttl > 10_200) || !s && ttl != -1 {
			t.Errorf("%s comes back with %d seconds to live", key, ttl)
		}
		if strings.HasPrefix(key, "string") && string(must(t, ours, "DUMP", key).Str) != before[key] {
			t.Errorf("%s comes back as another value", key)
		}
		if must(t, ours, "EXISTS", key).Raw[1] != '1' {
			t.Errorf("%s does not come back", key)
		}
	}
	must(t, ours, "FLUSHALL")
}

// A key that changes while the target takes its time stays, with its new value.
func TestMigrateKeepsWhatChanges(t *testing.T) {
	needLarder(t)
	ours, other := dial(t, servers.subject), dial(t, servers.subject)
	must(t, ours, "SELECT", "0")
	must(t, ours, "MSET", "moves", "a", "changes", "b")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	served := make(chan error, 1)
	go func() { served <- slowTarget(l, other) }()
	host, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	v, err := ours.Do("MIGRATE", host, port, "", "0", "5000", "KEYS", "moves", "changes")
	if err != nil || !strings.HasPrefix(string(v.Raw), "-ERR a key has changed while it was sent") {
		t.Errorf("MIGRATE answers %q, %v", v.Raw, err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
	if got := must(t, ours, "MGET", "moves", "changes").Strings(); len(got) != 2 || got[0] != "" || got[1] != "new" {
		t.Errorf("the keys are now %q", got)
	}
	must(t, ours, "FLUSHALL")
}

// slowTarget answers one connection as a server does that agrees to anything,
// and changes a key before it answers the last RESTORE.
func slowTarget(l net.Listener, other *harness.RESPConn) error {
	c, err := l.Accept()
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	r := harness.NewRESPReader(c)
	for _, want := range []string{"SELECT", "RESTORE", "RESTORE"} {
		v, err := r.Read()
		if err != nil {
			return err
		}
		words := v.Strings()
		if len(words) < 2 || words[0] != want {
			return fmt.Errorf("the target gets %q, not %s", words, want)
		}
		if words[1] == "changes" {
			if _, err := other.Do("SET", "changes", "new"); err != nil {
				return err
			}
		}
		if _, err := c.Write([]byte("+OK\r\n")); err != nil {
			return err
		}
	}
	return nil
}
