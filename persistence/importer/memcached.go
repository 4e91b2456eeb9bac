package importer

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"larder/protocol/rdb"
)

// Memcached is a running memcached, 1.6 or newer. The crawler lists the items of
// a slab class, and meta gets on a second connection fetch them:
//
//	lru_crawler metadump 5\r\n   key=a%20b exp=1700000000 la=… cas=3 fetch=no cls=5 size=70\r\n … END
//	mg YSBi b v f c t\r\n        VA 3 f0 c3 t120\r\nabc\r\n, or EN
//
// Items that go in between are counted.
type Memcached struct {
	addr     Address
	list     *conn
	get      *conn
	version  string
	started  string // seconds since 1970: Positions of another run mean nothing
	classes  []int
	total    int64
	vanished int64
	w        rdb.Writer
}

// OpenMemcached connects to the server at a.
func OpenMemcached(ctx context.Context, a Address) (*Memcached, error) {
	s := &Memcached{addr: a}
	for _, c := range []**conn{&s.list, &s.get} {
		var err error
		if *c, err = dial(ctx, a.Host); err == nil && a.User != "" {
			err = s.authenticate(*c)
		}
		if err != nil {
			s.Close()
			return nil, err
		}
	}
	if err := s.look(); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Close ends the connections.
func (s *Memcached) Close() {
	for _, c := range []*conn{s.list, s.get} {
		if c != nil {
			c.close()
		}
	}
}

// authenticate does what -Y wants: a set of any key with user and password.
func (s *Memcached) authenticate(c *conn) error {
	words := s.addr.User + " " + s.addr.Password
	c.out = fmt.Appendf(c.out, "set auth 0 0 %d\r\n%s\r\n", len(words), words)
	if err := c.flush(); err != nil {
		return err
	}
	line, err := c.line()
	if err == nil && string(line) != "STORED" {
		return fmt.Errorf("%s: %s: give the right password, as in memcached://USER:PASSWORD@%s", c.addr, line, c.addr)
	}
	return c.broken(err)
}

// stats calls f for the rows of a stats command.
func (s *Memcached) stats(command string, f func(name, value string)) error {
	c := s.get
	c.out = append(append(c.out, command...), "\r\n"...)
	if err := c.flush(); err != nil {
		return err
	}
	for {
		line, err := c.line()
		if err != nil {
			return c.broken(err)
		}
		text := string(line)
		words := strings.SplitN(text, " ", 3)
		switch {
		case text == "END":
			return nil
		case words[0] != "STAT" || len(words) != 3:
			return fmt.Errorf("%s answers to %s: %.80s: give the password, as in memcached://USER:PASSWORD@%s, if it wants one", c.addr, command, text, c.addr)
		}
		f(words[1], words[2])
	}
}

func (s *Memcached) look() error {
	var now, uptime int64
	err := s.stats("stats", func(name, value string) {
		switch name {
		case "version":
			s.version = value
		case "time":
			now, _ = strconv.ParseInt(value, 10, 64) // 0 is as good as any other if it is no number
		case "uptime":
			uptime, _ = strconv.ParseInt(value, 10, 64)
		case "curr_items":
			s.total, _ = strconv.ParseInt(value, 10, 64)
		}
	})
	if err != nil {
		return err
	}
	s.started = fmt.Sprint((now - uptime) / 10) // the two are not read at the same moment
	return s.stats("stats items", func(name, value string) {
		var class int
		if n, _ := fmt.Sscanf(name, "items:%d:", &class); n == 1 && strings.HasSuffix(name, ":number") && value != "0" {
			s.classes = append(s.classes, class)
		}
		slices.Sort(s.classes)
	})
}

// Name implements Source.
func (s *Memcached) Name() string {
	return fmt.Sprintf("memcached://%s (memcached %s)", s.addr.Host, s.version)
}

// Identity implements Source.
func (s *Memcached) Identity() string {
	return fmt.Sprintf("memcached://%s started %s", s.addr.Host, s.started)
}

// Total implements Source.
func (s *Memcached) Total() int64 { return s.total }

// Vanished implements Source.
func (s *Memcached) Vanished() int64 { return s.vanished }

// Libraries implements Source.
func (s *Memcached) Libraries(context.Context) ([]string, error) { return nil, nil }

// dumped is an item as the crawler lists it.
type dumped struct {
	key []byte
	exp int64 // seconds since 1970, -1 = never
}

// getKeys is how many items are asked for at a time.
const getKeys = 256

// Each implements Source. The keys of a class are all listed before the first is
// fetched: the crawler must not be kept waiting by a slow target.
func (s *Memcached) Each(ctx context.Context, from Position, values bool, put func(e *Entry, at Position) error) error {
	for _, class := range s.classes {
		if class < from.Class {
			continue
		}
		items, err := s.class(ctx, class)
		if err != nil {
			return err
		}
		for page := range slices.Chunk(items, getKeys) {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err := s.page(page, Position{Class: class}, values, put); err != nil {
				return err
			}
		}
	}
	return nil
}

const (
	// listTries is how often the items of a class are listed, listPause the time
	// between, and of listSlack items one may be missing in a list.
	listTries = 5
	listPause = 100 * time.Millisecond
	listSlack = 50
)

// class lists the items of a slab class. A crawl that begins at the moment at
// which another one ends may list next to nothing (seen with 1.6.18), so that a
// list is believed when it is about as long as memcached says that it should be,
// and otherwise the longest of several.
func (s *Memcached) class(ctx context.Context, class int) (items []dumped, err error) {
	for try := range listTries {
		want := 0
		err := s.stats("stats items", func(name, value string) {
			if name == fmt.Sprintf("items:%d:number", class) {
				want, _ = strconv.Atoi(value) // none is wanted if it is no number
			}
		})
		if err != nil {
			return nil, err
		}
		var list []dumped
		if err := s.dump(ctx, class, func(d dumped) { list = append(list, d) }); err != nil {
			return nil, err
		}
		if try == 0 || len(list) > len(items) {
			items = list
		}
		if len(items) >= want-want/listSlack {
			break
		}
		select {
		case <-time.After(listPause):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	return items, nil
}

// busyFor bounds how long another crawl is waited for.
const busyFor = 30 * time.Second

// dump calls f for each item of a slab class.
func (s *Memcached) dump(ctx context.Context, class int, f func(d dumped)) error {
	c := s.list
	for give := time.Now().Add(busyFor); ; {
		c.out = fmt.Appendf(c.out, "lru_crawler metadump %d\r\n", class)
		if err := c.flush(); err != nil {
			return err
		}
		busy, err := s.listed(ctx, f)
		if err != nil || !busy {
			return err
		}
		if time.Now().After(give) {
			return fmt.Errorf("%s is busy with another crawl: try again later", c.addr)
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// listed reads what the crawler lists.
func (s *Memcached) listed(ctx context.Context, f func(d dumped)) (busy bool, err error) {
	for {
		if ctx.Err() != nil {
			return false, context.Cause(ctx)
		}
		if err := s.list.c.SetReadDeadline(time.Now().Add(timeout)); err != nil {
			return false, err
		}
		line, err := s.list.line()
		if err != nil {
			return false, s.list.broken(err)
		}
		text := string(line)
		switch {
		case text == "END":
			return false, nil
		case strings.HasPrefix(text, "BUSY"):
			return true, nil
		}
		d, err := parseDumped(text)
		if err != nil {
			return false, fmt.Errorf("%s: %w: memcached 1.6 with -o lru_crawler is needed", s.list.addr, err)
		}
		f(d)
	}
}

func parseDumped(line string) (dumped, error) {
	d := dumped{exp: -1}
	for word := range strings.FieldsSeq(line) {
		name, value, _ := strings.Cut(word, "=")
		switch name {
		case "key":
			key, err := url.PathUnescape(value)
			if err != nil {
				return d, err
			}
			d.key = []byte(key)
		case "exp":
			exp, err := strconv.ParseInt(value, 10, 64)
			if err != nil {
				return d, err
			}
			d.exp = exp
		}
	}
	if d.key == nil {
		return d, fmt.Errorf("the crawler answers %.80q", line)
	}
	return d, nil
}

// page hands over items that were listed.
func (s *Memcached) page(items []dumped, at Position, values bool, put func(e *Entry, at Position) error) error {
	for i := range items {
		e := Entry{Key: items[i].key, At: s.addr.Host}
		if items[i].exp >= 0 {
			e.DeadlineMs = items[i].exp * 1000
		}
		if values {
			s.ask(items[i].key)
		} else if err := put(&e, at); err != nil {
			return err
		}
	}
	if !values || len(items) == 0 {
		return nil
	}
	if err := s.get.flush(); err != nil {
		return err
	}
	for i := range items {
		e := Entry{Key: items[i].key, At: s.addr.Host}
		there, err := s.fetch(&e, items[i].exp)
		switch {
		case err != nil:
			return err
		case !there:
			s.vanished++
		default:
			if err := put(&e, at); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Memcached) ask(key []byte) {
	c := s.get
	c.out = base64.StdEncoding.AppendEncode(append(c.out, "mg "...), key)
	c.out = append(c.out, " b v f c t\r\n"...)
}

// fetch reads the reply to ask.
func (s *Memcached) fetch(e *Entry, exp int64) (there bool, err error) {
	line, err := s.get.line()
	if err != nil {
		return false, s.get.broken(err)
	}
	words := strings.Fields(string(line))
	switch {
	case len(words) == 1 && words[0] == "EN":
		return false, nil
	case len(words) < 2 || words[0] != "VA":
		return false, fmt.Errorf("%s answers to mg of %.80q: %.80s", s.get.addr, e.Key, line)
	}
	size, err := strconv.Atoi(words[1])
	if err != nil || size < 0 || size > maxReply {
		return false, fmt.Errorf("%s answers to mg of %.80q: %.80s", s.get.addr, e.Key, line)
	}
	e.Item.Stored = true
	for _, w := range words[2:] {
		n, err := strconv.ParseInt(w[1:], 10, 64)
		switch w[0] {
		case 'f':
			e.Item.Flags = uint32(n)
		case 'c':
			e.Item.CAS, err = strconv.ParseUint(w[1:], 10, 64)
		case 't':
			e.DeadlineMs = deadlineOf(n, exp, time.Now())
		}
		if err != nil {
			return false, errors.Join(errors.New("a number was expected"), err)
		}
	}
	value, err := s.get.bytes(size)
	if err != nil {
		return false, s.get.broken(err)
	}
	s.w.Reset()
	s.w.Buf = append(s.w.Buf, byte(rdb.KindString))
	s.w.String(value)
	e.Value = s.w.Buf
	return true, nil
}

// deadlineOf is the deadline of an item that has ttl seconds left, -1 = it has
// none, and was listed with exp. Where both tell the same, exp is exact.
func deadlineOf(ttl, exp int64, now time.Time) int64 {
	if ttl < 0 {
		return 0
	}
	if d := now.Unix() + ttl - exp; exp > 0 && -2 <= d && d <= 2 {
		return exp * 1000
	}
	return now.Add(time.Duration(ttl) * time.Second).UnixMilli()
}

// Gone implements Source.
func (s *Memcached) Gone(_ context.Context, missing []Entry) ([]bool, error) {
	gone := make([]bool, len(missing))
	for i := range missing {
		s.ask(missing[i].Key)
		if err := s.get.flush(); err != nil {
			return nil, err
		}
		there, err := s.fetch(&Entry{Key: missing[i].Key}, -1)
		if err != nil {
			return nil, err
		}
		gone[i] = !there
	}
	return gone, nil
}
