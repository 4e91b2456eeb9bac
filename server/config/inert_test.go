package config

import (
	"strings"
	"testing"
)

// What has no effect says so in the help, warns once when it is set, and still
// answers CONFIG GET with what it was set to.
func TestInertDirectives(t *testing.T) {
	for _, d := range directives {
		if d.inert == "" || d.refuse != nil {
			continue
		}
		if !strings.Contains(Markdown(), d.inert) {
			t.Errorf("docs/configuration.md does not say why %s has no effect", d.name)
		}
		if d.keep != nil && !strings.Contains(HelpText(), d.help+"; no effect here: "+d.inert) {
			t.Errorf("--help does not say that %s has no effect", d.name)
		}
		args := []string{"--" + d.name, d.def, "--" + d.name, d.def}
		r, err := Parse(args, files{}.environment(""))
		if err != nil {
			t.Errorf("larder %q: %v", args, err)
			continue
		}
		want := "command line: " + d.name + " is accepted and has no effect: " + d.inert
		if len(r.Warnings) != 1 || r.Warnings[0] != want {
			t.Errorf("larder %q warns %q, want %q once", args, r.Warnings, want)
		}
		if got, want := d.text(r.Config), d.text(Default("/start")); got != want {
			t.Errorf("larder %q: CONFIG GET answers %q, want %q", args, got, want)
		}
	}
}
