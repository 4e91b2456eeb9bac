package compat

import (
	"testing"

	"larder/test/compat/harness"
)

// TestConfigurationsAgree runs the same histories on larder in its default
// configuration and in another one.
func TestConfigurationsAgree(t *testing.T) {
	needLarder(t)
	for _, c := range []struct {
		name string
		tags []string
		args []string
	}{
		{name: "one thread", args: []string{"--io-threads", "1"}},
		{name: "four threads", args: []string{"--io-threads", "4"}},
		{name: "goroutine driver", args: []string{"--net-driver", "goroutine"}},
		{name: "heap memory", tags: []string{"-tags", "heapmem"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			binary := servers.binary
			if c.tags != nil {
				var err error
				if binary, err = buildLarder(t.TempDir(), "larder", c.tags...); err != nil {
					t.Fatal(err)
				}
			}
			s, err := harness.StartLarder("larder, "+c.name, binary, append(subjectArgs, c.args...)...)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := s.Stop(); err != nil {
					t.Error(err)
				}
			})
			r := &harness.Runner{Oracle: servers.subject, Subject: s}
			for _, f := range []*family{&stringsFamily, &bitmapsFamily, &genericFamily, &expiryFamily, &connectionFamily, &listsFamily, &sortFamily} {
				r.Restore = f.restore
				runHistories(t, r, func(seed uint64) harness.History { return f.generate(seed, length()) }, max(1, histories()/6))
			}
			r.Restore = nil
			runHistories(t, r, memHistory("memcached text", textStep), max(1, histories()/6))
			runHistories(t, r, memHistory("memcached meta", metaOrTextStep), max(1, histories()/6))
			runHistories(t, r, memHistory("memcached binary", binaryStep), max(1, histories()/6))
		})
	}
}
