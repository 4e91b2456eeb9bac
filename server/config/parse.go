package config

import (
	"fmt"
	"io"
	"strings"
)

// Environment is the world that a load may look at.
type Environment struct {
	// ReadFile reads a configuration file. An error is reported with the name.
	ReadFile func(name string) ([]byte, error)
	// Glob lists the files that the pattern of an include matches, sorted.
	Glob func(pattern string) ([]string, error)
	// Stdin is read when the command line says "-".
	Stdin io.Reader
	// WorkDir is the absolute path that a relative dir starts from.
	WorkDir string
}

// Result is what a command line asks for.
type Result struct {
	Config   *Config
	File     string   // the configuration file as it was named, "" = none
	Warnings []string // things that were accepted and have no effect, with their places
	Help     bool     // print HelpText and leave; nothing else was looked at
	Version  bool     // print the version and leave; nothing else was looked at
}

// maxIncludeDepth bounds how deep files may include files.
const maxIncludeDepth = 16

// Parse reads the command line (without the program's name) and the files that
// it names. Values that come later win: the file, then standard input, then the
// directives of the command line. The error is of type Faults and names
// everything that was wrong, not only the first.
func Parse(args []string, env Environment) (Result, error) {
	line := splitArgs(args)
	if line.help || line.version {
		return Result{Help: line.help, Version: line.version}, nil
	}
	l := loader{env: env, config: Default(env.WorkDir), seen: map[string]bool{}, faults: line.faults}
	if line.file != "" {
		l.loadFile(line.file, "", 0)
	}
	if line.stdin {
		text, err := io.ReadAll(env.Stdin)
		if err != nil {
			l.fault("standard input", "cannot be read: "+err.Error())
		}
		l.loadText("standard input", string(text), 0)
	}
	for _, option := range line.options {
		l.apply("command line", option, 0)
	}
	if len(l.faults) > 0 {
		return Result{}, l.faults
	}
	return Result{Config: l.config, File: line.file, Warnings: l.warnings}, nil
}

// A loader collects the values, warnings and faults of one load.
type loader struct {
	env      Environment
	config   *Config
	seen     map[string]bool // directives given so far in this load
	tooDeep  bool            // maxIncludeDepth was exceeded
	warnings []string
	faults   Faults
}

func (l *loader) fault(where, message string) {
	l.faults = append(l.faults, Fault{Where: where, Message: message})
}

// loadFile reads a file that the directive at from (or the command line, when
// from is empty) names.
func (l *loader) loadFile(name, from string, depth int) {
	text, err := l.env.ReadFile(name)
	if err != nil {
		if from == "" {
			from = "command line"
		}
		l.fault(from, fmt.Sprintf("the configuration file %q cannot be read: %v", name, err))
		return
	}
	l.loadText(name, string(text), depth)
}

func (l *loader) loadText(name, text string, depth int) {
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.Trim(line, " \t\r\n")
		if line == "" || line[0] == '#' {
			continue
		}
		where := fmt.Sprintf("%s:%d", name, number)
		words, err := splitWords(line)
		if err != nil {
			l.fault(where, err.Error())
			continue
		}
		if len(words) > 0 {
			l.apply(where, words, depth)
		}
	}
}

// apply runs one directive. REQUIRES: words is not empty.
func (l *loader) apply(where string, words []string, depth int) {
	name, values := strings.ToLower(words[0]), words[1:]
	if name == "include" {
		l.include(where, values, depth)
		return
	}
	if advice, known := refused[name]; known {
		l.fault(where, name+": "+advice)
		return
	}
	d, known := byName[name]
	if !known {
		message := fmt.Sprintf("unknown directive %q", words[0])
		if near := nearest(name); near != "" {
			message += fmt.Sprintf("; did you mean %q?", near)
		} else {
			message += "; larder --help lists the directives"
		}
		l.fault(where, message)
		return
	}
	l.set(where, name, d, values)
}

// set gives values to a known directive that was called name.
func (l *loader) set(where, name string, d *directive, values []string) {
	shown := name
	for _, v := range values {
		if d.secret {
			v = "..."
		}
		shown += " " + quoteWord(v)
	}
	g := given{words: values, current: d.text(l.config), again: l.seen[d.name]}
	if err := d.assign(l.config, g); err != nil {
		l.fault(where, fmt.Sprintf("%s: %v; allowed: %s", shown, err, d.is.allowed))
		return
	}
	value := d.text(l.config)
	if d.refuse != nil {
		if advice := d.refuse(value); advice != "" {
			l.fault(where, shown+": "+advice)
			return
		}
	}
	if !l.seen[d.name] {
		l.warn(where, name, d, value)
	}
	l.seen[d.name] = true
	l.config.explicit[d.name] = true
}

func (l *loader) warn(where, name string, d *directive, value string) {
	if d.refuse != nil {
		return // what is not refused is what larder does anyway
	}
	if d.inert != "" {
		l.warnings = append(l.warnings, fmt.Sprintf("%s: %s is accepted and has no effect: %s", where, name, d.inert))
	}
}

// include reads the files that a pattern matches. Like Redis, larder forgives a
// pattern with wildcards that matches nothing, but not a missing file.
func (l *loader) include(where string, values []string, depth int) {
	if len(values) != 1 {
		l.fault(where, "include takes one file name or pattern")
		return
	}
	if l.tooDeep {
		return // one circle is enough to say; following it further could take forever
	}
	if depth+1 > maxIncludeDepth {
		l.tooDeep = true
		l.fault(where, fmt.Sprintf("include %q: files include each other more than %d deep; is there a circle?", values[0], maxIncludeDepth))
		return
	}
	names := values
	if strings.ContainsAny(values[0], "*?[") {
		var err error
		if names, err = l.env.Glob(values[0]); err != nil {
			l.fault(where, fmt.Sprintf("include %q: %v", values[0], err))
			return
		}
	}
	for _, name := range names {
		l.loadFile(name, where, depth+1)
	}
}

// refused are directives of Redis that larder does not take at all, because
// going on without them would be dangerous.
var refused = map[string]string{
	"user":           noACL + ": use requirepass, and bind larder to addresses that only its clients reach",
	"rename-command": "larder does not rename or disable commands: remove the directive, and bind larder to addresses that only its clients reach",
	"loadmodule":     noModules + ": remove the directive",
	"sentinel":       "larder is not a sentinel: remove the directive",
}
