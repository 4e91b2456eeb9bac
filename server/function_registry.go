package server

import (
	"fmt"
	"maps"
	"slices"

	"larder/server/script"
)

// The register of functions: libraries by name, and their functions, whose
// names are one namespace for all libraries.

// function returns a function by name.
func (sc *scripting) function(name []byte) (f libraryFunction, ok bool) {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	f, ok = sc.functions[string(name)]
	return f, ok
}

// libraries returns all libraries, by name.
func (sc *scripting) libraries() []*script.Library {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	libs := make([]*script.Library, 0, len(sc.libs))
	for _, name := range slices.Sorted(maps.Keys(sc.libs)) {
		libs = append(libs, sc.libs[name])
	}
	return libs
}

// restorePolicy says what FUNCTION RESTORE does with libraries that are there.
type restorePolicy uint8

const (
	restoreAppend restorePolicy = iota
	restoreReplace
	restoreFlush
)

// errLibraryExists says that a library's name is taken.
type errLibraryExists struct{ name string }

func (e errLibraryExists) Error() string { return "ERR Library '" + e.name + "' already exists" }

// register adds libraries, all or none. The error is what the client is told.
func (sc *scripting) register(libs []*script.Library, policy restorePolicy) error {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	all, functions := maps.Clone(sc.libs), maps.Clone(sc.functions)
	if policy == restoreFlush {
		clear(all)
		clear(functions)
	}
	for _, lib := range libs {
		if old := all[lib.Name]; old != nil {
			if policy != restoreReplace {
				return errLibraryExists{lib.Name}
			}
			for _, f := range old.Functions {
				delete(functions, f.Name)
			}
		}
		all[lib.Name] = lib
	}
	for _, lib := range libs {
		for _, f := range lib.Functions {
			if _, taken := functions[f.Name]; taken {
				return fmt.Errorf("ERR Function %s already exists", f.Name)
			}
			functions[f.Name] = libraryFunction{lib, f, new(habits)}
		}
	}
	sc.libs, sc.functions = all, functions
	return nil
}

// remove forgets a library and tells whether it was there.
func (sc *scripting) remove(name string) bool {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	lib := sc.libs[name]
	if lib == nil {
		return false
	}
	delete(sc.libs, name)
	for _, f := range lib.Functions {
		delete(sc.functions, f.Name)
	}
	return true
}

// removeAll forgets all libraries.
func (sc *scripting) removeAll() {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	clear(sc.libs)
	clear(sc.functions)
}
