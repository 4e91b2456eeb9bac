package command

import "testing"

// TestTimeouts proves how the timeouts of blocking commands are read: seconds
// with a fraction are rounded up to ms.
func TestTimeouts(t *testing.T) {
	h := newTester(t, 0)
	for _, c := range []struct {
		arg   string
		ms    int64
		error string
	}{
		{"0", 0, ""},
		{"0.0", 0, ""},
		{"1", 1000, ""},
		{"0.001", 1, ""},
		{"0.0001", 1, ""},
		{"2.5", 2500, ""},
		{"1e2", 100_000, ""},
		{"0x10", 16_000, ""},
		{"-0.0001", 0, ""},
		{"-1", 0, "-ERR timeout is negative\r\n"},
		{"x", 0, "-ERR timeout is not a float or out of range\r\n"},
		{" 1", 0, "-ERR timeout is not a float or out of range\r\n"},
		{"", 0, "-ERR timeout is not a float or out of range\r\n"},
		{"nan", 0, "-ERR timeout is not a float or out of range\r\n"},
		{"inf", 0, "-ERR timeout is out of range\r\n"},
		{"9223372036854775", 0, "-ERR timeout is out of range\r\n"},
		{"1e300", 0, "-ERR timeout is out of range\r\n"},
	} {
		h.c.Args, h.c.Out.Buf = [][]byte{[]byte(c.arg)}, nil
		ms, ok := h.c.timeoutSeconds(0)
		if ms != c.ms || ok != (c.error == "") || string(h.c.Out.Buf) != c.error {
			t.Errorf("%q is %d ms, %v, %q; want %d, %q", c.arg, ms, ok, h.c.Out.Buf, c.ms, c.error)
		}
	}
}

// TestBlock proves what a command that finds nothing leaves to the dispatcher,
// and that it answers at once where it must not wait.
func TestBlock(t *testing.T) {
	h := newTester(t, 0)
	if reply := h.do("WAIT", "2", "100"); reply != "" || !h.c.Blocked || h.c.Wait.TimeoutMs != 100 {
		t.Errorf("WAIT answers %q, blocks %v for %d ms", reply, h.c.Blocked, h.c.Wait.TimeoutMs)
	}
	h.c.Blocked, h.c.NoBlock = false, true
	h.want(":0\r\n", "WAIT", "2", "100")
	h.want("*2\r\n:0\r\n:0\r\n", "WAITAOF", "0", "2", "100")
	if h.c.Blocked {
		t.Error("a command blocks where it must not")
	}
	h.want("-ERR value is out of range, value must between 0 and 1\r\n", "WAITAOF", "2", "0", "0")
	h.want("-ERR value is out of range, must be positive\r\n", "WAITAOF", "0", "-1", "0")
	h.want("-ERR timeout is negative\r\n", "WAITAOF", "0", "1", "-1")
	h.want("-ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.\r\n", "WAITAOF", "1", "0", "0")
}
