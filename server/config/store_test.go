package config

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestSet(t *testing.T) {
	tests := []struct {
		name    string
		start   string // command line
		pairs   []string
		local   bool
		changed []string
		err     string
	}{
		{name: "one", pairs: []string{"maxmemory", "1gb"}, changed: []string{"maxmemory"}},
		{name: "several", pairs: []string{"hz", "20", "MAXCLIENTS", "5"}, changed: []string{"hz", "maxclients"}},
		{name: "the same value", pairs: []string{"hz", "10", "maxclients", "5"}, changed: []string{"maxclients"}},
		{name: "by alias", pairs: []string{"lua-time-limit", "7"}, changed: []string{"busy-reply-threshold"}},
		{name: "unknown", pairs: []string{"hz", "20", "Foo", "1"}, err: "Unknown option or number of arguments for CONFIG SET - 'Foo'"},
		{name: "unknown with a zero byte", pairs: []string{"Fo\x00o", "1"}, err: "Unknown option or number of arguments for CONFIG SET - 'Fo'"},
		{name: "nothing when one is wrong", pairs: []string{"hz", "20", "maxclients", "0"},
			err: "CONFIG SET failed (possibly related to argument 'maxclients') - argument must be between 1 and 4294967295 inclusive"},
		{name: "only at start", pairs: []string{"databases", "3"},
			err: "CONFIG SET failed (possibly related to argument 'databases') - can't set immutable config"},
		{name: "protected", pairs: []string{"dir", "/tmp"}, local: true,
			err: "CONFIG SET failed (possibly related to argument 'dir') - can't set protected config"},
		{name: "protected but local", start: "--enable-protected-configs local", pairs: []string{"dir", "/tmp"}, local: true, changed: []string{"dir"}},
		{name: "protected and remote", start: "--enable-protected-configs local", pairs: []string{"dir", "/tmp"},
			err: "CONFIG SET failed (possibly related to argument 'dir') - can't set protected config"},
		{name: "twice", pairs: []string{"hz", "5", "HZ", "6"},
			err: "CONFIG SET failed (possibly related to argument 'HZ') - duplicate parameter"},
		{name: "refused", pairs: []string{"tls-port", "5"},
			err: "CONFIG SET failed (possibly related to argument 'tls-port') - this version does not speak TLS: put a TLS proxy in front of it and bind larder to loopback"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := Parse(strings.Fields(tt.start), files{}.environment(""))
			if err != nil {
				t.Fatal(err)
			}
			s := NewStore(r.Config)
			before := show(s.Load(), "*")
			changed, err := s.Set(tt.pairs, SetOptions{Local: tt.local})
			text := ""
			if err != nil {
				text = err.Error()
			}
			if text != tt.err || !slices.Equal(changed, tt.changed) {
				t.Errorf("Set(%q) = %q, %q; want %q, %q", tt.pairs, changed, text, tt.changed, tt.err)
			}
			if after := show(s.Load(), "*"); (after == before) != (tt.err != "") {
				t.Errorf("Set(%q) with error %q: the configuration went from\n%s to\n%s", tt.pairs, text, before, after)
			}
			if got := show(r.Config, "*"); got != before {
				t.Errorf("Set changed the Config that readers already had")
			}
		})
	}
}

func TestSetApply(t *testing.T) {
	s := NewStore(Default("/"))
	fails := errors.New("no file descriptors left")
	apply := func(old, next *Config, changed []string) (string, error) {
		if old.MaxClients != 10000 || next.MaxClients != 20000 || !slices.Equal(changed, []string{"maxclients"}) {
			t.Errorf("apply(%d, %d, %q)", old.MaxClients, next.MaxClients, changed)
		}
		return "maxclients", fails
	}
	pairs := []string{"hz", "10", "maxclients", "20000"}
	_, err := s.Set(pairs, SetOptions{Apply: apply})
	const want = "CONFIG SET failed (possibly related to argument 'maxclients') - no file descriptors left"
	if err == nil || err.Error() != want || s.Load().MaxClients != 10000 {
		t.Errorf("a failed apply: %v and %d clients, want %q and nothing changed", err, s.Load().MaxClients, want)
	}
	fails = nil
	if _, err := s.Set(pairs, SetOptions{Apply: apply}); err != nil || s.Load().MaxClients != 20000 {
		t.Errorf("an apply that worked: %v and %d clients", err, s.Load().MaxClients)
	}
}

// Readers see all of a Set or nothing of it. The race detector watches.
func TestSetIsAtomic(t *testing.T) {
	s := NewStore(Default("/"))
	var readers sync.WaitGroup
	done := make(chan struct{})
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if c := s.Load(); c.Hz != 10 && int64(c.Hz) != c.SlowlogMaxLen {
					t.Errorf("hz is %d and slowlog-max-len is %d", c.Hz, c.SlowlogMaxLen)
					return
				}
			}
		})
	}
	for _, n := range []string{"20", "30", "40", "50"} {
		for range 50 {
			if _, err := s.Set([]string{"hz", n, "slowlog-max-len", n, "rdbcompression", "no"}, SetOptions{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	close(done)
	readers.Wait()
}

func TestGet(t *testing.T) {
	c := Default("/start")
	tests := []struct{ patterns, want string }{
		{"port", "port=6379"},
		{"PORT", "PORT=6379"},
		{"port PORT por?", "port=6379"},
		{"nothing no*thing", ""},
		{"tcp*", "tcp-backlog=511 tcp-keepalive=300"},
		{"*-priority", "replica-priority=100 slave-priority=100"},
		{"lua-time-limit", "lua-time-limit=5000"},
		{"save client-output-buffer-limit", "save=3600 1 300 100 60 10000 client-output-buffer-limit=normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60"},
	}
	for _, tt := range tests {
		if got := show(c, strings.Fields(tt.patterns)...); got != tt.want {
			t.Errorf("CONFIG GET %s:\n got %s\nwant %s", tt.patterns, got, tt.want)
		}
	}
}

func TestRewrite(t *testing.T) {
	const head = generatedMark + "\n"
	tests := []struct {
		name, old string
		set       []string
		want      string
	}{
		{name: "nothing to say", old: "", want: ""},
		{name: "untouched", old: "# mine\n\nport  6379\nmaxmemory 1024mb  \n# end\n", want: "# mine\n\nport  6379\nmaxmemory 1024mb  \n# end\n"},
		{name: "no newline at the end", old: "hz 20", want: "hz 20\n"},
		{name: "changed in place", old: "hz 20\n# a\nmaxmemory 1gb\nhz 30\n", set: []string{"hz", "40", "maxmemory", "2gb"}, want: "hz 40\n# a\nmaxmemory 2gb\n"},
		{name: "back to the default", old: "hz 20\n", set: []string{"hz", "10"}, want: "hz 10\n"},
		{name: "appended", old: "port 7000\n", set: []string{"maxmemory", "104857600", "requirepass", "a \"b"},
			want: "port 7000\n" + head + "maxmemory 100mb\nrequirepass \"a \\\"b\"\n"},
		{name: "appended again", old: "port 7000\n" + head + "hz 20\n", set: []string{"maxclients", "5"}, want: "port 7000\n" + head + "hz 20\nmaxclients 5\n"},
		{name: "many lines", old: "save 900 1\nport 7000\nsave 60 5\n", set: []string{"save", "10 1"}, want: "save 10 1\nport 7000\n"},
		{name: "many lines untouched", old: "save 900 1\nport 7000\nsave 60 5\n", set: []string{"hz", "10"}, want: "save 900 1\nport 7000\nsave 60 5\n"},
		{name: "emptied", old: "save 900 1\n", set: []string{"save", ""}, want: "save \"\"\n"},
		{name: "old name", old: "lua-time-limit 7\n", set: []string{"hz", "10"}, want: "lua-time-limit 7\n"},
		{name: "old name changed", old: "lua-time-limit 7\n", set: []string{"busy-reply-threshold", "8"}, want: "busy-reply-threshold 8\n"},
		{name: "limits", old: "client-output-buffer-limit normal 1mb 0 0\n", set: []string{"client-output-buffer-limit", "pubsub 1 2 3"},
			want: "client-output-buffer-limit normal 1048576 0 0 slave 268435456 67108864 60 pubsub 1 2 3\n"},
		{name: "relative dir", old: "dir data\n", want: "dir data\n"},
		{name: "dir set", old: "enable-protected-configs yes\ndir .\n", set: []string{"dir", "/x"}, want: "enable-protected-configs yes\ndir /x\n"},
		{name: "included", old: "include more.conf\n", set: []string{"hz", "10"}, want: "include more.conf\n" + head + "maxclients 9\nhz 10\n"},
		{name: "without effect", old: "rdbcompression no\n", set: []string{"rdbcompression", "yes"}, want: "rdbcompression yes\n"},
		{name: "carriage returns", old: "hz 20\r\nport 7000\r\n", want: "hz 20\r\nport 7000\r\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := files{"a.conf": tt.old, "more.conf": "maxclients 9\n"}
			r, err := Parse([]string{"a.conf"}, f.environment(""))
			if err != nil {
				t.Fatal(err)
			}
			s := NewStore(r.Config)
			if tt.set != nil {
				if _, err := s.Set(tt.set, SetOptions{}); err != nil {
					t.Fatal(err)
				}
			}
			got := string(s.Load().Rewrite([]byte(tt.old)))
			if got != tt.want {
				t.Errorf("rewritten:\n%q, want\n%q", got, tt.want)
			}
			f["a.conf"] = got
			again, err := Parse([]string{"a.conf"}, f.environment(""))
			if err != nil {
				t.Fatal(err)
			}
			if got, want := show(again.Config, "*"), show(s.Load(), "*"); got != want {
				t.Errorf("the rewritten file reads\n%s, want\n%s", got, want)
			}
		})
	}
}
