package network

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Several addresses of both kinds are served, and those that are absent and
// forgiven are left out.
func TestBindAddresses(t *testing.T) {
	for name, test := range map[string]struct {
		bind   []string
		serves []string
		not    []string
	}{
		"IPv4 and IPv6": {[]string{"127.0.0.1", "::1"}, []string{"127.0.0.1", "::1"}, []string{"127.0.0.2"}},
		"two IPv4":      {[]string{"127.0.0.1", "127.0.0.2"}, []string{"127.0.0.1", "127.0.0.2"}, []string{"::1"}},
		"forgiven":      {[]string{"127.0.0.1", "-::1", "-203.0.113.9"}, []string{"127.0.0.1", "::1"}, nil},
		"all":           {[]string{"*", "-::*"}, []string{"127.0.0.1", "127.0.0.2", "::1"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			port := freePort(t)
			s := launch(t, append([]string{"--port", strconv.Itoa(port), "--memcached-port", "0", "--dir", t.TempDir(), "--bind"}, test.bind...)...)
			if !s.ready() {
				t.Fatalf("it did not start:\n%s", s.out.String())
			}
			for _, host := range test.serves {
				dial(t, "tcp", net.JoinHostPort(host, strconv.Itoa(port))).do("PING\r\n", "+PONG\r\n")
			}
			for _, host := range test.not {
				if c, err := net.Dial("tcp", net.JoinHostPort(host, strconv.Itoa(port))); err == nil {
					_ = c.Close()
					t.Errorf("it serves %s, too", host)
				}
			}
		})
	}
}

// What cannot be listened on ends the start with exit code 1 and a message that
// names it and says what to do.
func TestCannotListen(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	takenPort := strconv.Itoa(taken.Addr().(*net.TCPAddr).Port)
	dir := shortDir(t)
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	live := filepath.Join(dir, "live")
	listening, err := net.Listen("unix", live)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listening.Close() }()
	free := strconv.Itoa(freePort(t))
	for name, test := range map[string]struct {
		args []string
		want []string
	}{
		"port in use":            {[]string{"--port", takenPort}, []string{takenPort, "another program uses the port", "--port"}},
		"memcached port in use":  {[]string{"--port", free, "--memcached-port", takenPort}, []string{takenPort, "--memcached-port"}},
		"no such address":        {[]string{"--port", free, "--bind", "203.0.113.9"}, []string{"203.0.113.9", "no such address", "-203.0.113.9"}},
		"only absent addresses":  {[]string{"--port", free, "--bind", "-203.0.113.9"}, []string{"none of the addresses"}},
		"nothing to listen on":   {[]string{"--port", "0"}, []string{"nothing to listen on"}},
		"socket is a file":       {[]string{"--port", "0", "--unixsocket", file}, []string{file, "no socket"}},
		"socket of another":      {[]string{"--port", "0", "--unixsocket", live}, []string{live, "another program listens"}},
		"socket in no directory": {[]string{"--port", "0", "--unixsocket", filepath.Join(dir, "no", "s")}, []string{filepath.Join(dir, "no"), "create it"}},
		"socket below a file":    {[]string{"--port", "0", "--unixsocket", filepath.Join(file, "s")}, []string{file, "no directory"}},
		"socket path too long":   {[]string{"--port", "0", "--unixsocket", "/tmp/" + strings.Repeat("x", 120)}, []string{"107"}},
	} {
		t.Run(name, func(t *testing.T) {
			for driver, extra := range drivers {
				args := append([]string{"--memcached-port", "0", "--dir", t.TempDir()}, extra...)
				s := launch(t, append(args, test.args...)...)
				if code := s.awaitExit(patience); code != 1 {
					t.Errorf("%s: exit code %d, want 1", driver, code)
				}
				for _, want := range test.want {
					if !strings.Contains(s.out.String(), want) {
						t.Errorf("%s: the output does not mention %q:\n%s", driver, want, s.out.String())
					}
				}
			}
		})
	}
	if text, err := os.ReadFile(file); string(text) != "precious" {
		t.Errorf("the file in the socket's place is damaged: %q, %v", text, err)
	}
}

// A unix socket alone is enough, has the permissions asked for, replaces one
// that a dead server left, and is gone in the end.
func TestUnixSocket(t *testing.T) {
	path := filepath.Join(shortDir(t), "s")
	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	stale.SetUnlinkOnClose(false)
	_ = stale.Close() // the file stays
	s := launch(t, "--port", "0", "--memcached-port", "0", "--unixsocket", path, "--unixsocketperm", "700", "--dir", t.TempDir())
	if !s.ready() {
		t.Fatalf("it did not start:\n%s", s.out.String())
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the socket: %v, %v; want permissions 0700", info, err)
	}
	dial(t, "unix", path).do("PING\r\n", "+PONG\r\n")
	s.signal(termination)
	if code := s.awaitExit(patience); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("the socket is still there: %v", err)
	}
}

// Without a password only this machine is served, on whatever address, unless
// protected-mode is off or a password is set.
func TestProtectedMode(t *testing.T) {
	host := otherAddress()
	if host == "" {
		t.Skip("this machine has no address but loopback, so that nothing looks like another machine")
	}
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"protected": {nil, "-DENIED "},
		"open":      {[]string{"--protected-mode", "no"}, "+PONG\r\n"},
		"password":  {[]string{"--requirepass", "p"}, "-NOAUTH "},
	} {
		t.Run(name, func(t *testing.T) {
			eachDriver(t, func(t *testing.T, args []string) {
				s := start(t, append(append(args, test.args...), "--bind", "127.0.0.1", host)...)
				c := dial(t, "tcp", net.JoinHostPort(host, strconv.Itoa(s.port)))
				c.send("PING\r\n")
				c.expect(test.want)
				local := s.dial()
				if strings.HasPrefix(test.want, "-NOAUTH") {
					local.do("AUTH p\r\n", "+OK\r\n")
				}
				local.do("PING\r\n", "+PONG\r\n")
			})
		})
	}
}

// otherAddress is an IPv4 address of this machine that is not loopback.
func otherAddress() string {
	addrs, _ := net.InterfaceAddrs() // without any the test is skipped
	for _, a := range addrs {
		if ip, ok := a.(*net.IPNet); ok && ip.IP.To4() != nil && ip.IP.IsGlobalUnicast() {
			return ip.IP.String()
		}
	}
	return ""
}
