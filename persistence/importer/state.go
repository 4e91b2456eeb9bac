package importer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"

	"larder/persistence"
)

// State is how far an import is, in a file, so that one that was interrupted
// goes on where it stopped. It never says more than the target has confirmed.
type State struct {
	fsys persistence.FS
	path string

	Source  string        `json:"source"` // its identity
	Target  string        `json:"target"`
	At      Position      `json:"at"`
	Sent    map[int]int64 `json:"sent"`
	Expired map[int]int64 `json:"expired"`
}

// OpenState reads the state of an import, and begins a new one if there is none
// or if it is of another source or target; resumed tells.
func OpenState(fsys persistence.FS, path, source, target string) (s *State, resumed bool, err error) {
	s = &State{fsys: fsys, path: path}
	text, err := readAll(fsys, path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, false, err
	default:
		if err := json.Unmarshal(text, s); err != nil {
			return nil, false, fmt.Errorf("%s is no state of an import (%w): remove it, or name another with --state", path, err)
		}
		if s.Source == source && s.Target == target {
			return s, true, nil
		}
	}
	return &State{fsys: fsys, path: path, Source: source, Target: target, Sent: map[int]int64{}, Expired: map[int]int64{}}, false, nil
}

// Path is where the state is kept.
func (s *State) Path() string { return s.path }

func (s *State) result() Result {
	r := Result{Sent: map[int]int64{}, Expired: map[int]int64{}}
	maps.Copy(r.Sent, s.Sent)
	maps.Copy(r.Expired, s.Expired)
	return r
}

// note remembers what is confirmed.
func (s *State) note(at Position, r Result) {
	s.At, s.Sent, s.Expired = at, maps.Clone(r.Sent), maps.Clone(r.Expired)
}

// Keep writes the state.
func (s *State) Keep() error {
	text, err := json.MarshalIndent(s, "", "\t")
	if err != nil {
		return err
	}
	err = persistence.ReplaceFile(s.fsys, s.path, s.path+".tmp", func(f persistence.File) error {
		_, err := f.Write(append(text, '\n'))
		return err
	})
	if err != nil {
		return fmt.Errorf("cannot keep how far the import is: %w: name another file with --state", err)
	}
	return nil
}

// Remove forgets an import that is done.
func (s *State) Remove() error {
	if err := s.fsys.Remove(s.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
