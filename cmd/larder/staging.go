package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"go.uber.org/zap"

	"larder/engine"
	"larder/persistence"
	"larder/persistence/importer"
	"larder/protocol/rdb"
	"larder/protocol/record"
	"larder/server"
	"larder/server/command"
	"larder/server/config"
)

// staging is a server that never starts: the data set in which a history is
// run and files are looked at. It implements importer.Staging.
type staging struct {
	srv     *server.Server
	files   *persistence.Snapshots
	applier *server.Applier
}

// beforeAll is the moment at which everything is done in a staging, in ms since
// 1970: no deadline has passed then.
const beforeAll = 1

// openStaging makes an empty one with so many databases.
func openStaging(databases int) (*staging, error) {
	parsed, err := config.Parse([]string{"--databases", strconv.Itoa(databases), "--save", ""}, config.Environment{WorkDir: "/"})
	if err != nil {
		return nil, err
	}
	st := &staging{}
	st.srv, err = server.New(server.Options{
		Config: config.NewStore(parsed.Config), Log: zap.NewNop(),
		OpenSnapshots: func(e *engine.Engine, v *command.Values) server.SnapshotStore {
			s := &snapshots{persistence.Snapshots{Engine: e, Values: v}}
			st.files = &s.Snapshots
			return s
		},
	})
	if err != nil {
		return nil, err
	}
	st.applier = st.srv.NewApplier()
	return st, nil
}

// close gives the memory back.
func (st *staging) close() {
	st.applier.Close()
	st.srv.Shutdown(0)
}

// Load implements importer.Staging.
func (st *staging) Load(ctx context.Context, r io.Reader, name string) (size int64, err error) {
	return st.files.Load(ctx, r, name, persistence.LoadOptions{NowMs: beforeAll, Replace: true, Library: st.srv.AddLibrary}, &persistence.Progress{})
}

// Apply implements importer.Staging.
func (st *staging) Apply(commands []record.Command) error {
	rec := server.Record{TimeMs: beforeAll}
	for _, c := range commands {
		if n := st.files.Engine.Databases(); c.DB >= n {
			return fmt.Errorf("a command for database %d, and there are %d: give --databases %d", c.DB, n, c.DB+1)
		}
		ch := server.Change{DB: c.DB, Args: c.Args}
		switch name := strings.ToUpper(string(c.Args[0])); name {
		case "FUNCTION":
			ch.Kind = server.ChangeLibraries
		case "EVAL", "EVALSHA", "SCRIPT":
			return fmt.Errorf("%s: a script that Redis before 5.0 has kept as it was sent: let that Redis rewrite the file (BGREWRITEAOF), or import its dump.rdb", name)
		}
		rec.Commands = append(rec.Commands, ch)
	}
	return st.applier.Apply(&rec)
}

// Write implements importer.Staging.
func (st *staging) Write(ctx context.Context, w io.Writer) error {
	return st.files.Write(ctx, w, persistence.Info(st.srv.SnapshotInfo()), &persistence.Progress{})
}

// save writes a snapshot file.
func (st *staging) save(ctx context.Context, file string) error {
	return st.files.Save(ctx, file, persistence.Info(st.srv.SnapshotInfo()), &persistence.Progress{})
}

// missing tells which of the entries are not there.
func (st *staging) missing(entries []importer.Entry) (missing []importer.Entry, err error) {
	e := st.files.Engine
	for i := range entries {
		k := e.Key(entries[i].Key)
		k.Shard.Lock()
		_, there := e.Peek(entries[i].DB, k, beforeAll)
		k.Shard.Unlock()
		if !there {
			missing = append(missing, entries[i])
		}
	}
	return missing, nil
}

// add makes a key or a library of a snapshot, and says what is wrong with it.
func (st *staging) add(db int, f *rdb.Frame) error {
	if f.Op == rdb.OpFunction {
		return st.srv.AddLibrary(string(f.Text))
	}
	e := st.files.Engine
	if n := e.Databases(); db >= n {
		return fmt.Errorf("it is in database %d, and there are at most %d", db, n)
	}
	k := e.Key(f.Text)
	k.Shard.Lock()
	defer k.Shard.Unlock()
	if _, there := e.Peek(db, k, beforeAll); there {
		return errors.New("a key is there already")
	}
	_, err := st.files.Values.Restore(db, k, f.Kind, f.Value, engine.Attrs{Deadline: engine.NoDeadline}, beforeAll)
	if errors.Is(err, rdb.ErrEmpty) { // such keys are skipped when a file is loaded
		return nil
	}
	return err
}
