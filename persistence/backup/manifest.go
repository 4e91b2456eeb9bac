package backup

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

// A backup's manifest is a page of text, JSON and the checksum of that:
//
//	larder backup 1
//	{
//	 "id": "20261122T100000.000Z-9f2c",
//	 …
//	}
//	sha256 5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef

// Backup is a backup as its manifest describes it.
type Backup struct {
	// ID names it. IDs sort by the time at which backups were begun.
	ID string `json:"id"`
	// Kind says what the files are.
	Kind Kind `json:"kind"`
	// Taken is the moment whose state it brings back, to a millisecond.
	Taken time.Time `json:"taken"`
	// From is the earliest moment whose state it can bring back; equal to Taken
	// if it has a snapshot only.
	From time.Time `json:"from"`
	// Log is what the names of the log's files begin with; "" for a snapshot.
	Log string `json:"log,omitempty"`
	// Next is the number of the log's record to come, 0 for a snapshot.
	Next uint64 `json:"next_record,omitempty"`
	// Files are its files.
	Files []File `json:"files"`
}

// Kind says what a backup consists of.
type Kind string

// Kinds of backups.
const (
	KindLog      Kind = "log"      // the manifest of a log, its base and segments
	KindSnapshot Kind = "snapshot" // one snapshot
)

// File is a file of a backup.
type File struct {
	Name   string `json:"name"` // without directory
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // in hexadecimal digits; names the object
}

// Bytes is the length of all files.
func (b *Backup) Bytes() (n int64) {
	for _, f := range b.Files {
		n += f.Bytes
	}
	return n
}

// Covers tells whether the state of a moment can be brought back.
func (b *Backup) Covers(at time.Time) bool { return !at.Before(b.From) && !at.After(b.Taken) }

const (
	manifestTitle = "larder backup 1\n"
	// maxManifestBytes bounds what is read: a file takes about 170 bytes.
	maxManifestBytes = 16 << 20
	idTime           = "20060102T150405.000Z"
)

// newID makes the ID of a backup that begins now.
func newID(now time.Time) string { return now.UTC().Format(idTime) + "-" + randomHex(2) }

// timeOfID reads the time out of an ID.
func timeOfID(id string) (time.Time, bool) {
	text, random, ok := strings.Cut(id, "-")
	at, err := time.Parse(idTime, text)
	return at, ok && err == nil && len(random) == 4
}

func (b *Backup) encode() []byte {
	text, err := json.MarshalIndent(b, "", " ")
	if err != nil {
		panic(err) // strings, numbers and times
	}
	page := append([]byte(manifestTitle), text...)
	return fmt.Appendf(page, "\nsha256 %x\n", sha256.Sum256(page))
}

// decodeBackup reads a manifest that stands under an ID, or says what is wrong
// with it.
func decodeBackup(id string, page []byte) (b *Backup, fault string) {
	if !bytes.HasPrefix(page, []byte(manifestTitle)) {
		return nil, fmt.Sprintf("it does not begin with %q", strings.TrimSpace(manifestTitle))
	}
	end := bytes.LastIndex(page, []byte("\nsha256 "))
	if end < 0 || string(page[end:]) != fmt.Sprintf("\nsha256 %x\n", sha256.Sum256(page[:end])) {
		return nil, "its checksum is wrong"
	}
	b = &Backup{}
	if err := json.Unmarshal(page[len(manifestTitle):end], b); err != nil {
		return nil, err.Error()
	}
	switch {
	case b.ID != id:
		return nil, fmt.Sprintf("it is the manifest of %q", b.ID)
	case b.Kind != KindLog && b.Kind != KindSnapshot:
		return nil, fmt.Sprintf("its kind is %q: a newer larder may know it", b.Kind)
	case len(b.Files) == 0:
		return nil, "it names no file"
	}
	for _, f := range b.Files {
		sum, err := hex.DecodeString(f.SHA256)
		if err != nil || len(sum) != sha256.Size || f.Bytes < 0 || f.Name != filepath.Base(f.Name) || f.Name == "." || f.Name == ".." {
			return nil, fmt.Sprintf("the file %q cannot be", f.Name)
		}
	}
	return b, ""
}
