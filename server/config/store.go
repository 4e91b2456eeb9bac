package config

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// A Store is the configuration of a running server. Readers load the present
// Config without a lock; Set publishes a new one.
type Store struct {
	// mu serializes Set. It guards nothing that readers see; Set's Apply may do
	// I/O under it. It is taken before every other lock of the server.
	mu      sync.Mutex
	current atomic.Pointer[Config]
}

// NewStore makes a store that starts with c, which must not be modified after.
func NewStore(c *Config) *Store {
	s := &Store{}
	s.current.Store(c)
	return s
}

// Load returns the present configuration. The caller must not modify it.
func (s *Store) Load() *Config { return s.current.Load() }

// Setting is a directive and its value as CONFIG GET prints them.
type Setting struct {
	Name  string
	Value string
}

// Get answers CONFIG GET: the directives that the patterns match, each once. A
// pattern without wildcards answers under the name that was asked for, an old
// alias or other case included; others answer in the order of the table.
func (c *Config) Get(patterns ...string) []Setting {
	var found []Setting
	seen := map[string]bool{}
	add := func(name string, d *directive) {
		if key := strings.ToLower(name); !seen[key] {
			seen[key] = true
			found = append(found, Setting{Name: name, Value: d.text(c)})
		}
	}
	for _, pattern := range patterns {
		if !strings.ContainsAny(pattern, "[*?") {
			if d, known := lookup(pattern); known {
				add(pattern, d)
			}
			continue
		}
		for _, d := range directives {
			for _, name := range append([]string{d.name}, d.aliases...) {
				if matchGlob(pattern, name) {
					add(name, d)
				}
			}
		}
	}
	return found
}

// SetOptions says who sets and what has to happen before others see it.
type SetOptions struct {
	// Local says that the client is on this machine (loopback or unix socket).
	Local bool
	// Apply, when not nil, makes the rest of the server follow. changed names
	// the directives whose value differs. When it fails, nothing is published;
	// it must have undone what it did. culprit is the directive to blame.
	Apply func(old, next *Config, changed []string) (culprit string, err error)
}

// Set answers CONFIG SET for name, value, name, value, ...: all of them or
// none. It returns the names of the directives whose value differs from before.
// The error's text is the one that Redis answers, without the leading "ERR ".
//
// REQUIRES: len(pairs) is even and not 0.
func (s *Store) Set(pairs []string, opts SetOptions) (changed []string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.current.Load()
	rows, names, err := old.settable(pairs, opts.Local)
	if err != nil {
		return nil, err
	}
	next := old.clone()
	for i, d := range rows {
		g := given{words: []string{pairs[2*i+1]}, current: d.text(next)}
		if err := d.assign(next, g); err != nil {
			return nil, setFailed(names[i], err.Error())
		}
		if d.refuse != nil {
			if advice := d.refuse(d.text(next)); advice != "" {
				return nil, setFailed(names[i], advice)
			}
		}
		next.explicit[d.name] = true
	}
	for _, d := range rows {
		if d.text(old) != d.text(next) {
			changed = append(changed, d.name)
		}
	}
	if opts.Apply != nil && len(changed) > 0 {
		if culprit, err := opts.Apply(old, next, changed); err != nil {
			return nil, setFailed(culprit, err.Error())
		}
	}
	s.current.Store(next)
	return changed, nil
}

// settable finds the rows of the names in pairs and refuses what CONFIG SET may
// not touch.
func (c *Config) settable(pairs []string, local bool) (rows []*directive, names []string, err error) {
	for i := 0; i < len(pairs); i += 2 {
		d, known := lookup(pairs[i])
		if !known {
			shown, _, _ := strings.Cut(pairs[i], "\x00")                                                      // Redis prints a C string
			return nil, nil, fmt.Errorf("Unknown option or number of arguments for CONFIG SET - '%s'", shown) //lint:ignore ST1005 Redis's text
		}
		switch name := pairs[i]; {
		case !d.changeable():
			return nil, nil, setFailed(name, "can't set immutable config")
		case d.when == protected && !permitted(c.EnableProtectedConfigs, local):
			return nil, nil, setFailed(name, "can't set protected config")
		case slices.Contains(rows, d):
			return nil, nil, setFailed(name, "duplicate parameter")
		}
		rows, names = append(rows, d), append(names, strings.ToLower(pairs[i]))
	}
	return rows, names, nil
}

// permitted reports whether a setting of no, yes or local lets a client pass.
func permitted(setting string, local bool) bool {
	return setting == "yes" || setting == "local" && local
}

func setFailed(name, reason string) error {
	return fmt.Errorf("CONFIG SET failed (possibly related to argument '%s') - %s", name, reason)
}
