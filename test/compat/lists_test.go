package compat

import (
	"slices"
	"strings"
	"testing"

	"larder/test/compat/harness"
)

// compareNames compares two lists of names as sets. list is what the table of
// intended differences calls the list.
func compareNames(t *testing.T, table *harness.Differences, list string, oracle, larder []string) {
	t.Helper()
	has := func(names []string) map[string]bool {
		m := map[string]bool{}
		for _, n := range names {
			m[n] = true
		}
		return m
	}
	inOracle, inLarder := has(oracle), has(larder)
	for _, n := range oracle {
		if !inLarder[n] && !table.Covers(harness.Missing, list+" "+n) {
			t.Errorf("%s: larder does not list %q", list, n)
		}
	}
	for _, n := range larder {
		if !inOracle[n] && !table.Covers(harness.Added, list+" "+n) {
			t.Errorf("%s: larder lists %q, which the oracle does not", list, n)
		}
	}
	for _, kind := range []harness.Kind{harness.Missing, harness.Added} {
		for _, row := range table.Unused(kind, list+" ") {
			t.Errorf("the intended difference %q (%s) is not met: take it out of the table", row, kind)
		}
	}
}

// infoNames returns the section titles as "# Title" and the field names of an
// INFO reply. Names that hold a value (of a command, an error, a database) are
// cut to their constant part.
func infoNames(v harness.Value) []string {
	var names []string
	for _, line := range strings.Split(strings.TrimSpace(string(v.Str)), "\r\n") {
		switch {
		case strings.HasPrefix(line, "# "):
			names = append(names, line)
		case strings.Contains(line, ":"):
			name, _, _ := strings.Cut(line, ":")
			for _, family := range []string{"cmdstat_", "latency_percentiles_usec_", "errorstat_", "db"} {
				if strings.HasPrefix(name, family) {
					name = family + "*"
				}
			}
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// TestInfoNames compares the names of the sections and fields of INFO.
func TestInfoNames(t *testing.T) {
	table := intended(t)
	oracle, larder := dial(t, servers.redis), dial(t, servers.subject)
	for _, c := range []*harness.RESPConn{oracle, larder} {
		must(t, c, "FLUSHALL")
		must(t, c, "SET", "a", "1")
		if v, err := c.Do("NOSUCH"); err != nil || !v.IsError() {
			t.Fatalf("NOSUCH answers %s (%v)", shown(v.Raw), err)
		}
	}
	compareNames(t, table, "INFO", infoNames(must(t, oracle, "INFO", "everything")), infoNames(must(t, larder, "INFO", "everything")))
	// Which sections each request names must agree; the fields in them are
	// compared above.
	titles := func(v harness.Value) []string {
		return slices.DeleteFunc(infoNames(v), func(n string) bool {
			return !strings.HasPrefix(n, "# ") || table.Covers(harness.Missing, "INFO "+n) || table.Covers(harness.Added, "INFO "+n)
		})
	}
	for _, request := range [][]string{
		{}, {"default"}, {"all"}, {"everything"}, {"nosuch"}, {"SERVER"}, {"server", "clients"}, {"keyspace", "nosuch", "memory"},
		{"commandstats"}, {"errorstats"}, {"latencystats"}, {"stats", "stats"}, {"replication"}, {"cpu"}, {"cluster"}, {"persistence"},
	} {
		words := append([]string{"INFO"}, request...)
		want, got := titles(must(t, oracle, words...)), titles(must(t, larder, words...))
		if !slices.Equal(want, got) {
			t.Errorf("%v: the oracle has %v, larder has %v", words, want, got)
		}
	}
}

// TestInfoKeyspaceLine compares the whole line of a database.
func TestInfoKeyspaceLine(t *testing.T) {
	r := respPair(t)
	r.Equal = func(step harness.Step, oracle, subject harness.Reply) string {
		if step.Name() != "INFO" {
			return harness.Compare(step, oracle, subject)
		}
		cut := func(reply harness.Reply) string {
			text, _, _ := strings.Cut(string(reply.Value.Str), "avg_ttl=")
			return text
		}
		if cut(oracle) != cut(subject) {
			return "the keyspace sections differ"
		}
		return ""
	}
	m, err := r.Run(harness.History{Family: "keyspace", Proto: 2, Steps: commands(
		"0> INFO keyspace", "0> SET a 1", "0> INFO keyspace", "0> SET b 1 EX 100000", "0> SET c 1", "0> INFO keyspace", "0> DEL a b c", "0> INFO keyspace")})
	if err != nil {
		t.Fatal(err)
	}
	if m != nil {
		t.Error(m)
	}
}

// statNames returns the names of the lines "STAT name value" of an answer;
// numbers in names (slab classes, file descriptors) are replaced by N.
func statNames(raw string) []string {
	var names []string
	for _, line := range strings.Split(raw, "\r\n") {
		words := strings.Fields(line)
		if len(words) < 2 || words[0] != "STAT" {
			continue
		}
		parts := strings.Split(words[1], ":")
		for i, p := range parts {
			if strings.Trim(p, "0123456789") == "" {
				parts[i] = "N"
			}
		}
		names = append(names, strings.Join(parts, ":"))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// TestMemcachedStats compares the names of the statistics with those of a
// memcached that runs on its defaults.
func TestMemcachedStats(t *testing.T) {
	needMemcached(t)
	oracle, err := harness.StartMemcached("stock memcached")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := oracle.Stop(); err != nil {
			t.Error(err)
		}
	})
	subject := servers.memSubject
	if selfComparison() {
		if subject, err = harness.StartMemcached("second stock memcached"); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := subject.Stop(); err != nil {
				t.Error(err)
			}
		})
	}
	for _, group := range []string{"", "settings", "items", "slabs", "sizes", "conns", "reset", "detail on", "detail dump", "detail off"} {
		t.Run("stats "+group, func(t *testing.T) {
			ask := func(s *harness.Server) string {
				session := harness.NewSession(s, 2)
				defer session.Close()
				var reply harness.Reply
				for _, request := range []string{"set a 0 0 1\r\nx\r\n", "get a nosuch\r\n", strings.TrimRight("stats "+group, " ") + "\r\n"} {
					if reply, err = session.Do(text(request)[0]); err != nil {
						t.Fatal(err)
					}
				}
				return string(reply.Raw)
			}
			want, got := ask(oracle), ask(subject)
			compareNames(t, intended(t), strings.TrimRight("stats "+group, " ")+":", statNames(want), statNames(got))
			if a, b := lastLine(want), lastLine(got); a != b {
				t.Errorf("the answers end with %q and %q", a, b)
			}
		})
	}
}

func lastLine(raw string) string {
	lines := strings.Split(strings.TrimSuffix(raw, "\r\n"), "\r\n")
	return lines[len(lines)-1]
}
