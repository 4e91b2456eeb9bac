package resp

// A reply of many megabytes is written in pieces: one buffer would have to be
// moved to a larger one again and again, at some milliseconds a time in which
// nobody can interrupt it.

// Cut puts Buf aside as a piece if it holds n bytes or more, and goes on in a
// buffer of size bytes.
func (w *Writer) Cut(n, size int) {
	if len(w.Buf) >= n {
		w.Pieces = append(w.Pieces, w.Buf)
		w.Buf = make([]byte, 0, size)
	}
}

// Rewind takes back what was written since Buf had a length of mark and there
// were no pieces.
func (w *Writer) Rewind(mark int) {
	if len(w.Pieces) > 0 {
		w.Buf, w.Pieces = w.Pieces[0], nil
	}
	w.Buf = w.Buf[:mark]
}

// First is the first piece, where the reply begins.
func (w *Writer) First() *[]byte {
	if len(w.Pieces) > 0 {
		return &w.Pieces[0]
	}
	return &w.Buf
}
