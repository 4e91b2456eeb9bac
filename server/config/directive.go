package config

import "strings"

// A directive is one row of the table.
type directive struct {
	name    string
	aliases []string // names that older Redis versions used
	is      syntax   // what it takes
	def     string   // default, written as in a file
	keep    keep     // its field in Config; nil: Config.inert holds it
	when    moment   // when it may be set
	help    string   // one line for people
	// inert says why the directive changes nothing here; "" = it does. Rows
	// that may come to mean something later have a field in Config all the same.
	inert string
	// refuse answers advice when the (valid) value asks for what larder does
	// not do and ignoring that would be dangerous; "" = fine. nil: never.
	refuse func(value string) string
	// secret values are not repeated in messages.
	secret bool
}

// moment says when a directive may be set.
type moment uint8

const (
	atRunTime moment = iota // also by CONFIG SET
	atStart                 // by file and command line only
	protected               // by CONFIG SET when enable-protected-configs allows it
)

// given is what a directive was given.
type given struct {
	words   []string
	current string // its text so far
	again   bool   // it was given before in the same load
}

// A section groups directives for people.
type section struct {
	title string
	rows  []*directive
}

// sections is the table. It is filled once, from the table_*.go files, and
// never changes.
var sections = []section{
	{"Network", networkRows},
	{"memcached", memcachedRows},
	{"Data", dataRows},
	{"Backups", backupRows},
	{"Memory and eviction", memoryRows},
	{"Limits of a client", clientRows},
	{"Watching the server", watchRows},
	{"Encodings", encodingRows},
	{"Access", accessRows},
	{"Shutdown", shutdownRows},
	{"Accepted without effect", inertRows},
}

var (
	directives = flatten(sections)
	byName     = index(directives)
)

func flatten(sections []section) []*directive {
	var all []*directive
	for _, s := range sections {
		all = append(all, s.rows...)
	}
	return all
}

// index maps every name and alias to its row.
func index(all []*directive) map[string]*directive {
	names := make(map[string]*directive, 2*len(all))
	for _, d := range all {
		for _, name := range append([]string{d.name}, d.aliases...) {
			if names[name] != nil {
				panic("config: two directives are called " + name)
			}
			names[name] = d
		}
	}
	return names
}

// lookup finds a directive by name or alias in any case.
func lookup(name string) (*directive, bool) {
	d, ok := byName[strings.ToLower(name)]
	return d, ok
}

// defaultWords splits a row's default as a line of a file would be split.
func defaultWords(d *directive) []string {
	if d.is.many {
		return splitValue(d.def)
	}
	return []string{d.def}
}

// splitValue splits one value into words at each single space, as Redis does:
// two spaces enclose an empty word, which most directives refuse.
func splitValue(value string) []string {
	if value == "" {
		return nil
	}
	return strings.Split(value, " ")
}

// assign parses what d was given and stores it in c. The error's text is the
// one that CONFIG SET answers. c is unchanged when there is an error.
func (d *directive) assign(c *Config, g given) error {
	if d.is.many && len(g.words) == 1 {
		g.words = splitValue(g.words[0])
	}
	if !d.is.many && len(g.words) != 1 {
		return errWrongNumber
	}
	text, err := d.is.parse(g)
	if err != nil {
		return err
	}
	d.store(c, text)
	return nil
}

// text is the value of d in c as CONFIG GET prints it.
func (d *directive) text(c *Config) string {
	if d.keep == nil {
		return c.inert[d.name]
	}
	return d.keep.load(c)
}

func (d *directive) store(c *Config, text string) {
	if d.keep == nil {
		c.inert[d.name] = text
		return
	}
	d.keep.store(c, text)
}

// changeable reports whether CONFIG SET may touch d at all.
func (d *directive) changeable() bool { return d.when != atStart }
