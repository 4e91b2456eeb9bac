package compat

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"larder/test/compat/harness"
)

// commandRow is what COMMAND INFO says of a command or subcommand.
type commandRow struct {
	arity, first, last, step string
	flags, categories        []string
	keySpecs                 []string
	subcommands              map[string]commandRow
}

// parseRow reads one element of COMMAND INFO's reply.
func parseRow(v harness.Value) (name string, row commandRow, err error) {
	if len(v.Elems) != 10 {
		return "", row, fmt.Errorf("a row has %d elements, want 10", len(v.Elems))
	}
	word := func(i int) string { return string(v.Elems[i].Str) }
	set := func(i int) []string {
		s := v.Elems[i].Strings()
		slices.Sort(s)
		return s
	}
	row = commandRow{arity: word(1), flags: set(2), first: word(3), last: word(4), step: word(5), categories: set(6),
		subcommands: map[string]commandRow{}}
	for _, spec := range v.Elems[8].Elems {
		row.keySpecs = append(row.keySpecs, specText(spec))
	}
	for _, sub := range v.Elems[9].Elems {
		subName, subRow, err := parseRow(sub)
		if err != nil {
			return "", row, fmt.Errorf("subcommand of %s: %w", word(0), err)
		}
		row.subcommands[subName] = subRow
	}
	return word(0), row, nil
}

// specText writes a key specification without its notes, whose words are each
// server's own; flags are sorted.
func specText(v harness.Value) string {
	var b strings.Builder
	for i := 0; i+1 < len(v.Elems); i += 2 {
		key, value := string(v.Elems[i].Str), v.Elems[i+1]
		switch {
		case key == "notes":
		case key == "flags":
			flags := value.Strings()
			slices.Sort(flags)
			fmt.Fprintf(&b, "flags=%v ", flags)
		case value.Elems != nil:
			fmt.Fprintf(&b, "%s={%s} ", key, specText(value))
		default:
			fmt.Fprintf(&b, "%s=%s ", key, value.Str)
		}
	}
	return strings.TrimSpace(b.String())
}

func commandRows(t *testing.T, s *harness.Server, names []string) map[string]commandRow {
	t.Helper()
	rows := map[string]commandRow{}
	v := must(t, dial(t, s), append([]string{"COMMAND", "INFO"}, names...)...)
	for _, e := range v.Elems {
		if e.Null {
			continue
		}
		name, row, err := parseRow(e)
		if err != nil {
			t.Fatalf("%s: COMMAND INFO: %v", s.Name, err)
		}
		rows[name] = row
	}
	return rows
}

func commandList(t *testing.T, s *harness.Server) []string {
	t.Helper()
	names := must(t, dial(t, s), "COMMAND", "LIST").Strings()
	slices.Sort(names)
	return names
}

// groupsInScope are the command groups whose commands larder has; commands
// of other groups are compared when larder lists them.
var groupsInScope = map[string]bool{
	"string": true, "bitmap": true, "generic": true, "connection": true, "server": true, "hyperloglog": true, "pubsub": true,
	"list":       true,
	"sorted-set": true, "geo": true,
}

// TestCommandNames compares the lists of commands of the groups in scope.
func TestCommandNames(t *testing.T) {
	larder := commandList(t, servers.subject)
	containers := slices.DeleteFunc(slices.Clone(larder), func(name string) bool { return strings.Contains(name, "|") })
	if n, _ := must(t, dial(t, servers.subject), "COMMAND", "COUNT").Int(); int(n) != len(containers) {
		t.Errorf("COMMAND COUNT says %d, COMMAND LIST has %d commands without subcommands", n, len(containers))
	}
	docs := docsOf(t, servers.redis, nil)
	var want []string
	for _, name := range commandList(t, servers.redis) {
		command, _, _ := strings.Cut(name, "|")
		if groupsInScope[string(docs[command]["group"].Str)] || slices.Contains(larder, name) {
			want = append(want, name)
		}
	}
	compareNames(t, intended(t), "COMMAND LIST", want, larder)
}

// TestCommandInfo compares arity, flags, key positions, key specifications
// and ACL categories of each command that both servers have.
func TestCommandInfo(t *testing.T) {
	table := intended(t)
	names := commandList(t, servers.subject)
	oracle, larder := commandRows(t, servers.redis, names), commandRows(t, servers.subject, names)
	for _, name := range names {
		if want, ok := oracle[name]; ok {
			compareRow(t, table, name, want, larder[name])
		}
	}
	for _, row := range table.Unused(harness.Described, "") {
		if !strings.Contains(row, "docs") {
			t.Errorf("the intended difference %q is not met: take it out of the table", row)
		}
	}
}

func compareRow(t *testing.T, table *harness.Differences, name string, want, got commandRow) {
	t.Helper()
	for _, aspect := range []struct {
		name      string
		want, got string
	}{
		{"arity", want.arity, got.arity},
		{"flags", fmt.Sprint(want.flags), fmt.Sprint(got.flags)},
		{"keys", fmt.Sprint(want.first, want.last, want.step), fmt.Sprint(got.first, got.last, got.step)},
		{"categories", fmt.Sprint(want.categories), fmt.Sprint(got.categories)},
		{"key specs", fmt.Sprint(want.keySpecs), fmt.Sprint(got.keySpecs)},
	} {
		if aspect.want != aspect.got && !table.Covers(harness.Described, name+" "+aspect.name) {
			t.Errorf("%s %s: oracle %s, larder %s", name, aspect.name, aspect.want, aspect.got)
		}
	}
	for sub, row := range want.subcommands {
		if other, ok := got.subcommands[sub]; ok {
			compareRow(t, table, sub, row, other)
		} else if !table.Covers(harness.Missing, "COMMAND LIST "+sub) {
			t.Errorf("larder does not list the subcommand %s", sub)
		}
	}
	for sub := range got.subcommands {
		if _, ok := want.subcommands[sub]; !ok && !table.Covers(harness.Added, "COMMAND LIST "+sub) {
			t.Errorf("larder lists the subcommand %s, which the oracle does not", sub)
		}
	}
}

// docsOf returns COMMAND DOCS for the names (nil: all) by command and field.
func docsOf(t *testing.T, s *harness.Server, names []string) map[string]map[string]harness.Value {
	t.Helper()
	docs := map[string]map[string]harness.Value{}
	pairs, ok := must(t, dial(t, s), append([]string{"COMMAND", "DOCS"}, names...)...).Pairs()
	if !ok {
		t.Fatalf("%s: COMMAND DOCS is no list of pairs", s.Name)
	}
	for name, v := range pairs {
		fields, ok := v.Pairs()
		if !ok {
			t.Fatalf("%s: COMMAND DOCS %s is no list of pairs", s.Name, name)
		}
		docs[name] = fields
	}
	return docs
}

// TestCommandDocs compares the group and the first version of each command;
// summaries are each server's own, and must exist.
func TestCommandDocs(t *testing.T) {
	table := intended(t)
	names := commandList(t, servers.subject)
	oracle, larder := docsOf(t, servers.redis, names), docsOf(t, servers.subject, names)
	for _, name := range names {
		got := larder[name]
		for _, field := range []string{"summary", "since", "group"} {
			if len(got[field].Str) == 0 {
				t.Errorf("COMMAND DOCS %s has no %s", name, field)
			}
		}
		want, ok := oracle[name]
		if !ok {
			continue
		}
		for _, field := range []string{"since", "group"} {
			if string(want[field].Str) != string(got[field].Str) && !table.Covers(harness.Described, name+" docs "+field) {
				t.Errorf("COMMAND DOCS %s: %s is %q, the oracle says %q", name, field, got[field].Str, want[field].Str)
			}
		}
	}
}
