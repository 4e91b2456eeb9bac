package persistence

import "larder/engine"

// chunk is a piece of a snapshot: records of keys of one database.
type chunk struct {
	DB   int
	Data []byte // valid until the next piece is asked for
	Keys int
}

// wholeCut is the state of the data set while it is locked as a whole: nothing
// is written until it is closed. That is what SAVE promises; whoever must not
// stop the others needs a cut that lets writers go on.
type wholeCut struct {
	e      *engine.Engine
	encode func(dst []byte, db int, key []byte, it *engine.Item) []byte
	db     int
	at     engine.Cursor
	buf    []byte
}

const (
	// chunkBytes is the size from which on a piece is handed out.
	chunkBytes = 64 << 10
	// chunkSlots is how many slots are visited before that is looked at.
	chunkSlots = 64
)

// cut locks the data set. encode appends the record of one key.
func cut(e *engine.Engine, encode func(dst []byte, db int, key []byte, it *engine.Item) []byte) (*wholeCut, error) {
	e.LockAll()
	return &wholeCut{e: e, encode: encode}, nil
}

// Next returns the next piece; ok is false at the end.
func (c *wholeCut) Next() (piece chunk, ok bool) {
	piece.Data = c.buf[:0]
	for c.db < c.e.Databases() && len(piece.Data) < chunkBytes {
		piece.DB = c.db
		// Keys that have expired are walked over as well: whoever loads them
		// leaves them out, by its own clock.
		c.at = c.e.Scan(c.db, c.at, chunkSlots, 0, func(it engine.Item) {
			piece.Data = c.encode(piece.Data, c.db, it.Key(), &it)
			piece.Keys++
		})
		if c.at == 0 {
			c.db++
			if piece.Keys > 0 {
				break
			}
		}
	}
	c.buf = piece.Data
	return piece, piece.Keys > 0
}

// Close lets the others go on.
func (c *wholeCut) Close() { c.e.UnlockAll() }
