package load

import (
	"bufio"
	"net"
	"testing"
	"time"
)

// A Drain finds the end of a reply wherever reads cut it, and reports an error
// reply.
func TestDrain(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	end := "$14\r\n" + drainMarker + "\r\n"
	replies := []string{"+OK\r\n" + end, "$5\r\n-ERR.\r\n" + end, "-ERR no\r\n" + end}
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		in := bufio.NewReader(c)
		for _, r := range replies {
			for range 3 + 5 { // PING, and ECHO with its argument
				if _, err := in.ReadString('\n'); err != nil {
					return
				}
			}
			for i := range len(r) { // in the smallest pieces that there are
				if _, err := c.Write([]byte{r[i]}); err != nil {
					return
				}
				time.Sleep(10 * time.Microsecond)
			}
		}
	}()
	d, err := DialDrain(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for i, want := range []string{"", "", "ERR no"} {
		got := ""
		if err := d.Do("PING"); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("reply %d: %q, want %q", i, got, want)
		}
	}
}
