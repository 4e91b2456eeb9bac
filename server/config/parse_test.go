package config

import (
	"errors"
	"fmt"
	"io/fs"
	pathpkg "path"
	"slices"
	"strings"
	"testing"
)

// files is a file system for Parse.
type files map[string]string

func (f files) environment(stdin string) Environment {
	return Environment{
		ReadFile: func(name string) ([]byte, error) {
			text, ok := f[name]
			if !ok {
				return nil, fs.ErrNotExist
			}
			return []byte(text), nil
		},
		Glob: func(pattern string) ([]string, error) {
			var names []string
			for name := range f {
				if ok, err := pathpkg.Match(pattern, name); err != nil {
					return nil, err
				} else if ok {
					names = append(names, name)
				}
			}
			slices.Sort(names)
			return names, nil
		},
		Stdin:   strings.NewReader(stdin),
		WorkDir: "/start",
	}
}

// show lists the values of directives, for tables.
func show(c *Config, names ...string) string {
	var parts []string
	for _, s := range c.Get(names...) {
		parts = append(parts, fmt.Sprintf("%s=%s", s.Name, s.Value))
	}
	return strings.Join(parts, " ")
}

func TestParse(t *testing.T) {
	f := files{
		"a.conf":      "# a comment\r\n\r\nport 7000\r\n  MaxMemory 1gb\n",
		"save.conf":   "save 900 1\nsave 300 10 60 100\n",
		"unsave.conf": "save 900 1\nsave \"\"\n",
		"limits.conf": "client-output-buffer-limit replica 1mb 2kb 3 normal 4 5 6\nclient-output-buffer-limit pubsub 7 8 9\n",
		"top.conf":    "port 1\ninclude conf.d/*.conf\ninclude none/*.conf\nhz 20\n",
		"conf.d/1":    "",
		"conf.d/a.conf": `requirepass "a b"
port 2`,
		"conf.d/b.conf": "port 3\nhz 30\n",
		"bind.conf":     "bind 10.0.0.1 -::1\n",
	}
	tests := []struct {
		args  string
		stdin string
		get   string
		want  string
	}{
		{"", "", "port memcached-port maxmemory bind dir", "port=6379 memcached-port=11211 maxmemory=0 bind=127.0.0.1 -::1 dir=/start"},
		{"a.conf", "", "port maxmemory", "port=7000 maxmemory=1073741824"},
		{"a.conf --port 8000", "", "port", "port=8000"},
		{"a.conf - --hz 7", "port 9000", "port hz", "port=9000 hz=7"},
		{"a.conf -", "port 9000", "port maxmemory", "port=9000 maxmemory=1073741824"},
		{"-", "port 9000", "port", "port=9000"},
		{"--hz 7 -", "port 9000", "port hz", "port=9000 hz=7"},
		{"save.conf", "", "save", "save=900 1 300 10 60 100"},
		{"save.conf --save 5 6", "", "save", "save=900 1 300 10 60 100 5 6"},
		{"unsave.conf", "", "save", "save="},
		{"--save --port 7", "", "save port", "save= port=7"},
		{"--save", "", "save", "save="},
		{"--bind 127.0.0.1 ::1 --port 7", "", "bind port", "bind=127.0.0.1 ::1 port=7"},
		{"--requirepass --port --port 7", "", "requirepass port", "requirepass=--port port=7"},
		{"limits.conf", "", "client-output-buffer-limit", "client-output-buffer-limit=normal 4 5 6 slave 1048576 2048 3 pubsub 7 8 9"},
		{"top.conf", "", "port hz requirepass", "port=3 hz=20 requirepass=a b"},
		{"bind.conf --bind *", "", "bind", "bind=*"},
		{"--dir data", "", "dir", "dir=/start/data"},
		{"--dir /var/lib/larder/", "", "dir", "dir=/var/lib/larder"},
		{"--unixsocketperm 0770", "", "unixsocketperm", "unixsocketperm=770"},
		{"--APPENDFSYNC Always --appendonly YES", "", "appendfsync appendonly", "appendfsync=always appendonly=yes"},
		{"--maxmemory-clients 5%", "", "maxmemory-clients", "maxmemory-clients=5%"},
		{"--lua-time-limit 77", "", "busy-reply-threshold lua-time-limit", "busy-reply-threshold=77 lua-time-limit=77"},
	}
	for _, tt := range tests {
		r, err := Parse(strings.Fields(tt.args), f.environment(tt.stdin))
		if err != nil {
			t.Errorf("larder %s: %v", tt.args, err)
			continue
		}
		if got := show(r.Config, strings.Fields(tt.get)...); got != tt.want {
			t.Errorf("larder %s:\n got %s\nwant %s", tt.args, got, tt.want)
		}
	}
}

// The values that CONFIG GET prints are in the fields that the server reads.
func TestParseFillsFields(t *testing.T) {
	args := []string{"--port", "7000", "--bind", "a", "-b", "--unixsocketperm", "700", "--save", "900 1 60 5",
		"--client-output-buffer-limit", "pubsub 3mb 2mb 9", "--maxmemory-clients", "10%", "--latency-tracking-info-percentiles", "50 99.9",
		"--memcached-max-item-size", "2mb", "--protected-mode", "no"}
	r, err := Parse(args, files{}.environment(""))
	if err != nil {
		t.Fatal(err)
	}
	c := r.Config
	got := fmt.Sprint(c.Port, c.Bind, c.UnixSocketPerm, c.Save, c.OutputLimits.Pubsub, c.OutputLimits.Replica, c.MaxMemoryClients,
		c.LatencyInfoPercentiles, c.MemcachedMaxItemSizeBytes, c.ProtectedMode)
	want := fmt.Sprint(7000, []string{"a", "-b"}, 0o700, []SavePoint{{900, 1}, {60, 5}}, OutputBufferLimit{3 << 20, 2 << 20, 9},
		OutputBufferLimit{256 << 20, 64 << 20, 60}, MemoryOrPercent{0, 10}, []float64{50, 99.9}, 2<<20, false)
	if got != want {
		t.Errorf("fields are\n%s, want\n%s", got, want)
	}
}

// Every fault is reported, each with its place and what to do.
func TestFaults(t *testing.T) {
	f := files{
		"empty.conf": "bind\nbind \"\"\nbind 127.0.0.1 -\n",
		"bad.conf":   "port 70000\nmaxmemroy 1gb\nhz \"10\n\nmaxmemory 12zz\nhz 10 # ten\ninclude gone.conf\n",
		"loop.conf":  strings.Repeat("include loop.conf\n", 20),
	}
	tests := []struct {
		args string
		want []string
	}{
		{"bad.conf --appendfsync sometimes", []string{
			"bad.conf:1: port 70000: argument must be between 0 and 65535 inclusive; allowed: 0 to 65535",
			`bad.conf:2: unknown directive "maxmemroy"; did you mean "maxmemory"?`,
			"bad.conf:3: unbalanced quotes: a quoted word ends with the quote that it began with, followed by a space or the end of the line",
			"bad.conf:5: maxmemory 12zz: argument must be a memory value; allowed: bytes (units as 100mb)",
			"bad.conf:6: hz 10 \"#\" ten: wrong number of arguments; allowed: 1 to 500; what lies outside is moved to the nearer end",
			`bad.conf:7: the configuration file "gone.conf" cannot be read: file does not exist`,
			"command line: appendfsync sometimes: argument(s) must be one of the following: everysec, always, no; allowed: everysec, always, no",
		}},
		{"gone.conf", []string{`command line: the configuration file "gone.conf" cannot be read: file does not exist`}},
		{"--nonsense", []string{`command line: unknown directive "nonsense"; larder --help lists the directives`}},
		{"--prot 7000", []string{`command line: unknown directive "prot"; did you mean "port"?`}},
		{"--maxmemory-polcy noeviction", []string{`command line: unknown directive "maxmemory-polcy"; did you mean "maxmemory-policy"?`}},
		{"-p 7000", []string{
			`command line: "-p" is not a directive: write --name value, for example --port 6379, after the configuration file`,
			`command line: "7000" is not a directive: write --name value, for example --port 6379, after the configuration file`}},
		{"--", []string{`command line: "--" names no directive: write --name value, for example --port 6379`}},
		{"--maxmemory 5%", []string{"command line: maxmemory 5%: argument must be a memory value; allowed: bytes (units as 100mb)"}},
		{"--databases 65537", []string{"command line: databases 65537: argument must be between 1 and 65536 inclusive; allowed: 1 to 65536"}},
		{"empty.conf", []string{
			"empty.conf:1: bind: an address is missing: name at least one, for example 127.0.0.1, or * for all; allowed: addresses or names; a leading - forgives an absent one",
			"empty.conf:2: bind \"\": an address is missing: name at least one, for example 127.0.0.1, or * for all; allowed: addresses or names; a leading - forgives an absent one",
			"empty.conf:3: bind 127.0.0.1 -: an address is missing: name at least one, for example 127.0.0.1, or * for all; allowed: addresses or names; a leading - forgives an absent one"}},
		{"--port", []string{"command line: port: wrong number of arguments; allowed: 0 to 65535"}},
		{"--daemonize yes", []string{"command line: daemonize yes: larder stays in the foreground: run it under systemd or in a container, or with nohup and &"}},
		{"--user default off", []string{"command line: user: " + refused["user"]}},
		{"--masterauth a b", []string{"command line: masterauth ... ...: wrong number of arguments; allowed: text"}},
	}
	for _, tt := range tests {
		_, err := Parse(strings.Fields(tt.args), f.environment(""))
		var faults Faults
		if !errors.As(err, &faults) {
			t.Errorf("larder %s: %v, want Faults", tt.args, err)
			continue
		}
		if got := strings.Split(err.Error(), "\n"); !slices.Equal(got, tt.want) {
			t.Errorf("larder %s says\n%s\nwant\n%s", tt.args, err, strings.Join(tt.want, "\n"))
		}
	}
	if _, err := Parse([]string{"loop.conf"}, f.environment("")); err == nil || !strings.Contains(err.Error(), "circle") {
		t.Errorf("a file that includes itself: %v", err)
	}
}

// A directive without effect warns once, wherever and however often it stands.
func TestWarnings(t *testing.T) {
	f := files{"a.conf": "activerehashing yes\nhz 10\nactiverehashing no\nslave-priority 5\nappendonly yes\ndaemonize no\n"}
	r, err := Parse([]string{"a.conf", "--activerehashing", "yes", "--save", ""}, f.environment(""))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"a.conf:1: activerehashing is accepted and has no effect: larder manages its memory itself",
		"a.conf:2: hz is accepted and has no effect: background work sets its own pace",
		"a.conf:4: slave-priority is accepted and has no effect: this version does not replicate",
	}
	if !slices.Equal(r.Warnings, want) {
		t.Errorf("warnings:\n%s\nwant\n%s", strings.Join(r.Warnings, "\n"), strings.Join(want, "\n"))
	}
}

func TestHelpAndVersion(t *testing.T) {
	for _, arg := range []string{"--help", "-h", "--version", "-v"} {
		r, err := Parse([]string{arg}, files{}.environment(""))
		if err != nil || r.Help != strings.Contains(arg, "h") || r.Version != strings.Contains(arg, "v") {
			t.Errorf("larder %s: %+v, %v", arg, r, err)
		}
	}
	for _, d := range directives {
		if !strings.Contains(HelpText(), d.name) {
			t.Errorf("--help does not mention %s", d.name)
		}
		if d.help == "" {
			t.Errorf("%s has no help", d.name)
		}
	}
}

// Whatever a file says, Parse neither panics nor accepts what CONFIG REWRITE
// could not write down again.
func FuzzParse(f *testing.F) {
	f.Add("port 7000\nsave 900 1\nbind 127.0.0.1 -::1\n")
	f.Add("client-output-buffer-limit normal 0 0 0 replica 1mb 1kb 60\nrequirepass \"a\\x00b\"\n")
	f.Add("include x\nnotify-keyspace-events KEA\nlatency-tracking-info-percentiles 1e1 99.99\n")
	f.Add("maxmemory-clients 5%\ndir a\ndir b\nunixsocketperm 0777\n")
	f.Fuzz(func(t *testing.T, text string) {
		env := files{"fuzz.conf": text}.environment("")
		r, err := Parse([]string{"fuzz.conf"}, env)
		if err != nil {
			var faults Faults
			if !errors.As(err, &faults) || len(faults) == 0 {
				t.Fatalf("%v is not a list of faults", err)
			}
			return
		}
		rewritten := r.Config.Rewrite(nil)
		again, err := Parse([]string{"fuzz.conf"}, files{"fuzz.conf": string(rewritten)}.environment(""))
		if err != nil {
			t.Fatalf("%q is rewritten as %q, which fails: %v", text, rewritten, err)
		}
		if got, want := show(again.Config, "*"), show(r.Config, "*"); got != want {
			t.Errorf("%q is rewritten as %q, which reads\n%s, want\n%s", text, rewritten, got, want)
		}
	})
}
