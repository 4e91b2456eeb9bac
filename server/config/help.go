package config

import (
	"fmt"
	"strings"
)

// HelpText is what larder --help prints.
func HelpText() string {
	var b strings.Builder
	b.WriteString(`Usage: larder [CONFIG-FILE] [-] [--directive value ...]

larder is a cache server for Redis and memcached clients. It reads CONFIG-FILE
(the syntax of redis.conf), then standard input when told "-", then the
directives of the command line; what comes later wins.

  larder
  larder /etc/larder.conf --port 7000
  larder --maxmemory 2gb --maxmemory-policy allkeys-lru --save ""
  echo 'port 7000' | larder -

Subcommands, each with --help:

  larder import SOURCE ...      take over the data of Redis or memcached
  larder check FILE             say what is wrong with a snapshot or a log

  -h, --help     print this text
  -v, --version  print the version

Directives, with their defaults:
`)
	for _, s := range sections {
		fmt.Fprintf(&b, "\n%s:\n", s.title)
		if isInert(s) {
			writeNames(&b, s.rows)
			continue
		}
		for _, d := range s.rows {
			fmt.Fprintf(&b, "  --%s %s\n        %s\n", d.name, shownDefault(d), shownHelp(d))
		}
	}
	return b.String()
}

// VersionText is what larder --version prints.
func VersionText(version, goVersion string) string {
	return fmt.Sprintf("larder %s (%s)\n", version, goVersion)
}

// Markdown is docs/configuration.md.
func Markdown() string {
	var b strings.Builder
	b.WriteString(markdownHead)
	for _, s := range sections {
		fmt.Fprintf(&b, "\n## %s\n\n", s.title)
		if isInert(s) {
			b.WriteString(markdownInert)
			for _, d := range s.rows {
				fmt.Fprintf(&b, "| `%s` | %s | %s |\n", d.name, shownDefaultMarkdown(d), d.help)
			}
			continue
		}
		b.WriteString("| directive | default | values | at run time | what it does |\n|---|---|---|---|---|\n")
		for _, d := range s.rows {
			fmt.Fprintf(&b, "| `%s`%s | %s | %s | %s | %s |\n",
				d.name, shownAliases(d), shownDefaultMarkdown(d), cell(d.is.allowed), shownMoment(d), cell(shownHelp(d)))
		}
	}
	b.WriteString("\n## Not taken at all\n\n")
	for _, name := range []string{"loadmodule", "rename-command", "sentinel", "user"} {
		fmt.Fprintf(&b, "- `%s`: %s.\n", name, refused[name])
	}
	return b.String()
}

const markdownHead = `# Configuration

This page is generated from the table of directives in ` + "`server/config`" + `:
` + "`go test ./server/config -update`" + ` writes it.

    larder [CONFIG-FILE] [-] [--directive value ...]

larder reads the file, then standard input when told ` + "`-`" + `, then the directives
of the command line; what comes later wins. Names and syntax are those of
` + "`redis.conf`" + `, memcached's options stand under their own names with the prefix
` + "`memcached-`" + `.

- One directive a line; a line that starts with ` + "`#`" + ` is a comment.
- Words may be quoted: ` + "`\"...\"`" + ` knows ` + "`\\n \\r \\t \\b \\a \\xHH \\\\ \\\"`" + `, ` + "`'...'`" + ` is taken as it is.
- ` + "`include FILE`" + ` reads another file at that place; it may be a pattern.
- Memory: ` + "`1k`" + ` is 1000 bytes, ` + "`1kb`" + ` is 1024; likewise ` + "`m`, `mb`, `g`, `gb`" + `, in any case.
- On the command line, the argument after ` + "`--directive`" + ` is a value, and so are
  the ones after it up to the next ` + "`--directive`" + `.

larder does not start when a directive is unknown or a value is wrong. It
reports all such faults at once, each with its place.

"At run time" says whether ` + "`CONFIG SET`" + ` may change the directive; "guarded" ones
need ` + "`enable-protected-configs`" + `. ` + "`CONFIG REWRITE`" + ` writes the present values to
the file that larder was started with and keeps its comments and order.

Directives that say "no effect here" are checked and kept for ` + "`CONFIG GET`" + `, and
nothing reads them; larder warns once for each that is set at start.
`

const markdownInert = `A file written for Redis loads: these directives are checked, kept for
` + "`CONFIG GET`" + `, and have no effect. larder warns once for each that a file sets.

| directive | default | why |
|---|---|---|
`

// isInert reports whether a section is the one of directives that have not
// even a field in Config. REQUIRES: s has rows.
func isInert(s section) bool { return s.rows[0].keep == nil }

// shownHelp is the help of a row, with the reason if it has no effect.
func shownHelp(d *directive) string {
	if d.inert == "" {
		return d.help
	}
	return d.help + "; no effect here: " + d.inert
}

// writeNames writes names in lines of at most 80 columns.
func writeNames(b *strings.Builder, rows []*directive) {
	column := 0
	for _, d := range rows {
		if column > 0 && column+1+len(d.name) > 80 {
			b.WriteString("\n")
			column = 0
		}
		if column == 0 {
			b.WriteString(" ")
			column = 1
		}
		b.WriteString(" " + d.name)
		column += 1 + len(d.name)
	}
	b.WriteString("\n")
}

func shownDefault(d *directive) string {
	if d.is.many && d.def != "" {
		return d.def
	}
	return quoteWord(d.def)
}

func shownDefaultMarkdown(d *directive) string { return "`" + shownDefault(d) + "`" }

func shownAliases(d *directive) string {
	var b strings.Builder
	for _, alias := range d.aliases {
		b.WriteString(", `" + alias + "`")
	}
	return b.String()
}

func shownMoment(d *directive) string {
	switch d.when {
	case atStart:
		return "no"
	case protected:
		return "guarded"
	}
	return "yes"
}

func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
