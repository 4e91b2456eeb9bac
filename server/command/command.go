package command

import (
	"fmt"
	"strings"
)

// Handler runs one command: it parses the options, calls the engine and
// writes exactly one reply. It never logs, replicates or writes to sockets.
type Handler func(c *Ctx)

// Flags describe a command to the dispatcher and to clients.
type Flags uint32

// The flags; flagWords has their words, the legend above the table explains.
const (
	Write Flags = 1 << iota
	ReadOnly
	DenyOOM
	Admin
	PubSub
	NoScript
	Blocking
	Loading
	Stale
	SkipMonitor
	SkipSlowlog
	Fast
	NoAuth
	MayReplicate
	AllowBusy
	NoMulti
	MovableKeys
	NoAsyncLoading
	NoMandatoryKeys
	Asking

	// AllShards makes the dispatcher lock every shard. (larder's own)
	AllShards
	// OwnLocks makes the handler lock the shards that it reads, one at a time,
	// unless the request names a second key, which it writes, or runs inside of
	// something larger: then all are locked. (larder's own)
	OwnLocks
	// Slow makes the dispatcher run the command on a worker while the session
	// is parked, so that a loop's other connections go on. (larder's own)
	Slow
)

// flagWords gives each flag its letter in the table and its word in the reply
// of COMMAND INFO, in Redis's order; larder's own have no word.
var flagWords = []struct {
	flag   Flags
	letter byte
	word   string
}{
	{Write, 'w', "write"}, {ReadOnly, 'r', "readonly"}, {DenyOOM, 'm', "denyoom"},
	{Admin, 'a', "admin"}, {PubSub, 'p', "pubsub"}, {NoScript, 's', "noscript"},
	{Blocking, 'b', "blocking"}, {Loading, 'l', "loading"}, {Stale, 't', "stale"},
	{SkipMonitor, 'k', "skip_monitor"}, {SkipSlowlog, 'x', "skip_slowlog"},
	{Asking, 'g', "asking"}, {Fast, 'f', "fast"}, {NoAuth, 'o', "no_auth"},
	{MayReplicate, 'R', "may_replicate"}, {NoAsyncLoading, 'N', "no_async_loading"},
	{NoMulti, 'u', "no_multi"}, {MovableKeys, 'K', "movablekeys"},
	{AllowBusy, 'y', "allow_busy"}, {NoMandatoryKeys, 'n', "no_mandatory_keys"},
	{AllShards, 'A', ""}, {OwnLocks, 'L', ""}, {Slow, 'S', ""},
}

// parseFlags turns the letters of a row into flags.
func parseFlags(letters string) (set Flags, err error) {
	for i := range len(letters) {
		found := false
		for _, fw := range flagWords {
			if fw.letter == letters[i] {
				set |= fw.flag
				found = true
			}
		}
		if !found {
			return 0, fmt.Errorf("unknown flag letter %q", letters[i])
		}
	}
	return set, nil
}

// Command is a row of the table.
type Command struct {
	Name    string
	Handler Handler // nil: the command concerns sessions; package server runs it
	// Arity is the number of arguments, the name included; -n means n or more.
	Arity int
	Flags string // letters, see the legend above the table
	// Keys says where the keys are; see parseKeySpecs for the notation.
	Keys  string
	Group string // as in COMMAND DOCS; its ACL category follows from it
	// Extra are ACL categories that do not follow from group and flags, and
	// "tip:…" hints for proxies, separated by spaces.
	Extra      string
	Since      string
	Complexity string
	// Syntax is the argument list in the notation of syntax.go.
	Syntax  string
	Summary string
	Sub     []*Command // subcommands of a container such as CLIENT

	ID     int // index in Table.All, for statistics
	Parent *Command
	Specs  []KeySpec
	Is     Flags // parsed Flags
}

// FullName is the name that clients see: "get", "client|id".
func (c *Command) FullName() string {
	if c.Parent != nil {
		return c.Parent.Name + "|" + c.Name
	}
	return c.Name
}

// ArityOK tells whether a request of n arguments, the name included, fits.
func (c *Command) ArityOK(n int) bool {
	if c.Arity < 0 {
		return n >= -c.Arity
	}
	return n == c.Arity
}

// Table finds commands by name.
type Table struct {
	All    []*Command // commands and subcommands; a Command's ID is its index
	Top    []*Command // commands only, in table order
	short  [shortSlots]shortSlot
	byName map[string]*Command
}

// Names of up to 8 bytes are found in one probe or two of a small open table
// keyed by the lower-cased name packed in a word.
const shortSlots = 1024

type shortSlot struct {
	word uint64
	cmd  *Command
}

// NewTable checks the rows and builds the table.
func NewTable() (*Table, error) {
	t := &Table{byName: map[string]*Command{}}
	for i := range rows {
		c := rows[i]
		if err := t.add(&c, nil); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func (t *Table) add(c, parent *Command) error {
	var err error
	if c.Specs, err = parseKeySpecs(c.Keys); err != nil {
		return fmt.Errorf("command table: %s: %w", c.Name, err)
	}
	if c.Is, err = parseFlags(c.Flags); err != nil {
		return fmt.Errorf("command table: %s: %w", c.Name, err)
	}
	c.ID, c.Parent = len(t.All), parent
	t.All = append(t.All, c)
	if _, dup := t.byName[c.FullName()]; dup {
		return fmt.Errorf("command table: %s stands twice", c.FullName())
	}
	t.byName[c.FullName()] = c
	subs := c.Sub
	c.Sub = nil
	for _, row := range subs {
		sub := *row
		if err := t.add(&sub, c); err != nil {
			return err
		}
		c.Sub = append(c.Sub, &sub)
	}
	if parent == nil {
		t.Top = append(t.Top, c)
		if len(c.Name) <= 8 {
			word, _ := packName([]byte(c.Name))
			i := shortHash(word)
			for t.short[i].cmd != nil {
				i = (i + 1) % shortSlots
			}
			t.short[i] = shortSlot{word, c}
		}
	}
	return nil
}

// packName lower-cases a name of up to 8 bytes into a word.
func packName(name []byte) (word uint64, ok bool) {
	if len(name) > 8 {
		return 0, false
	}
	for _, c := range name {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		word = word<<8 | uint64(c)
	}
	return word, true
}

func shortHash(word uint64) int { return int(word * 0x9e3779b97f4a7c15 >> 54) }

// Lookup finds a command by its name in any case, nil if there is none.
func (t *Table) Lookup(name []byte) *Command {
	word, ok := packName(name)
	if !ok {
		return t.lookupLong(name)
	}
	for i := shortHash(word); t.short[i].cmd != nil; i = (i + 1) % shortSlots {
		if t.short[i].word == word && len(t.short[i].cmd.Name) == len(name) {
			return t.short[i].cmd
		}
	}
	return nil
}

func (t *Table) lookupLong(name []byte) *Command {
	var lower [64]byte
	if len(name) > len(lower) {
		return nil
	}
	for i, c := range name {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		if c == '|' {
			return nil // names of subcommands are not commands
		}
		lower[i] = c
	}
	return t.byName[string(lower[:len(name)])]
}

// LookupSub finds a subcommand by its name in any case, nil if there is none.
func (c *Command) LookupSub(name []byte) *Command {
	for _, s := range c.Sub {
		if strings.EqualFold(s.Name, string(name)) {
			return s
		}
	}
	return nil
}

// LookupFull finds "get" or "client|id", nil if there is none.
func (t *Table) LookupFull(name string) *Command { return t.byName[strings.ToLower(name)] }
