package command

import (
	"fmt"
	"strings"
	"testing"
)

// describe writes a tree of arguments in one line.
func describe(args []argument) string {
	var out []string
	for _, a := range args {
		s := a.name + ":" + a.kind
		if a.kind == kindKey {
			s += fmt.Sprint(a.keySpec)
		}
		if a.token != "" {
			s += "=" + a.token
		}
		if a.optional {
			s += "?"
		}
		if a.multiple {
			s += "*"
		}
		if a.multipleToken {
			s += "+"
		}
		if len(a.parts) > 0 {
			s += "(" + describe(a.parts) + ")"
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

func TestParseSyntax(t *testing.T) {
	for _, c := range []struct{ syntax, want string }{
		{"", ""},
		{"[message]", "message:string?"},
		{"key", "key:key0"},
		{"key...", "key:key0*"},
		{"key [key ...]", "key:key0*"},
		{"key [key...]", "key:key0*"},
		{"key value [key value ...]", "key_value:block*(key:key0 value:string)"},
		{"<ON|OFF>", "on_off:oneof(on:pure-token=ON off:pure-token=OFF)"},
		{"timeout [WRITE|ALL]", "timeout:integer write_all:oneof?(write:pure-token=WRITE all:pure-token=ALL)"},
		{"[EX seconds|KEEPTTL]", "seconds_keepttl:oneof?(seconds:integer=EX keepttl:pure-token=KEEPTTL)"},
		{"[LIMIT offset count]", "offset_count:block=LIMIT?(offset:integer count:integer)"},
		{"[PREFIX prefix]...", "prefix:string=PREFIX?*+"},
		{"[ID client-id...]", "client-id:integer=ID?*"},
		{"[NX|XX] [GET]", "nx_xx:oneof?(nx:pure-token=NX xx:pure-token=XX) get:pure-token=GET?"},
		{"source destination", "source:key0 destination:key1"},
		{"[TYPE <A|B>]", "a_b:oneof=TYPE?(a:pure-token=A b:pure-token=B)"},
		{"protover [AUTH user pass [SETNAME name]]", "protover:integer user_pass_name:block?(user:string=AUTH pass:string name:string=SETNAME?)"},
	} {
		args, err := parseSyntax(c.syntax)
		if err != nil {
			t.Errorf("%q: %v", c.syntax, err)
			continue
		}
		assignKeySpecs(args, 2)
		if got := describe(args); got != c.want {
			t.Errorf("%q is\n%s, want\n%s", c.syntax, got, c.want)
		}
	}
	for _, bad := range []string{"[a", "a]", "<a|", "...", "a|b", "[]", "<|a>", "[a>"} {
		if args, err := parseSyntax(bad); err == nil {
			t.Errorf("%q is accepted as %s", bad, describe(args))
		}
	}
}

// TestTableSyntax parses the Syntax of each row and holds the rows to what
// COMMAND DOCS promises.
func TestTableSyntax(t *testing.T) {
	table, err := NewTable()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range table.All {
		args, err := parseSyntax(c.Syntax)
		if err != nil {
			t.Errorf("%s: %v", c.FullName(), err)
		}
		if c.Summary == "" || c.Since == "" || c.Group == "" {
			t.Errorf("%s lacks a summary, since or group", c.FullName())
		}
		if len(c.Specs) > 0 && !c.Specs[0].NotKey() {
			assignKeySpecs(args, len(c.Specs))
			if !strings.Contains(describe(args), ":"+kindKey) {
				t.Errorf("%s has key specs, but no argument of %q is a key", c.FullName(), c.Syntax)
			}
		}
		least := -c.Arity
		if c.Arity > 0 {
			least = c.Arity
		}
		name := 1
		if c.Parent != nil {
			name = 2
		}
		if n := required(args); n > least-name {
			t.Errorf("%s: %q needs %d arguments, the arity %d has %d", c.FullName(), c.Syntax, n, c.Arity, least-name)
		}
	}
}

// required is the least number of words that the arguments take.
func required(args []argument) (n int) {
	for _, a := range args {
		if a.optional {
			continue
		}
		if a.token != "" {
			n++
		}
		switch a.kind {
		case kindToken:
		case kindBlock:
			n += required(a.parts)
		case kindOneOf:
			least := 1 << 30
			for _, p := range a.parts {
				least = min(least, required([]argument{p}))
			}
			n += least
		default:
			n++
		}
	}
	return n
}
