package main

import (
	"context"
	"io"

	"larder/engine"
	"larder/persistence"
	"larder/server"
	"larder/server/command"
)

// snapshots lets the server keep its snapshots by package persistence. Both
// declare what they need of each other in words of their own, of the same form.
type snapshots struct{ persistence.Snapshots }

// openSnapshots implements server.OpenSnapshots.
func openSnapshots(e *engine.Engine, v *command.Values) server.SnapshotStore {
	return &snapshots{persistence.Snapshots{Engine: e, Values: v}}
}

// Save implements server.SnapshotStore.
func (s *snapshots) Save(ctx context.Context, file string, info server.SnapshotInfo, p *server.SnapshotProgress) error {
	return s.Snapshots.Save(ctx, file, persistence.Info(info), (*persistence.Progress)(p))
}

// Write implements server.SnapshotStore.
func (s *snapshots) Write(ctx context.Context, w io.Writer, info server.SnapshotInfo, p *server.SnapshotProgress) error {
	return s.Snapshots.Write(ctx, w, persistence.Info(info), (*persistence.Progress)(p))
}

// Load implements server.SnapshotStore.
func (s *snapshots) Load(ctx context.Context, file string, o server.SnapshotLoad, p *server.SnapshotProgress) error {
	return s.Snapshots.LoadFile(ctx, file, persistence.LoadOptions(o), (*persistence.Progress)(p))
}
