package rdb

// Libraries of functions, as FUNCTION DUMP writes them and as they stand in
// front of a snapshot's keys:
//
//	opcode  1 byte, 245
//	code    string, the #! line with the library's name included
//
// Opcode 246 is that of the release candidates of Redis 7.0, which nobody is
// said to have kept anything of; it is refused as Redis refuses it.

// OpFunction is the opcode in front of a library.
const OpFunction = 245

// Library appends a library of functions.
func (w *Writer) Library(code []byte) {
	w.Buf = append(w.Buf, OpFunction)
	w.String(code)
}

// Libraries calls f for the code of each library in b, a payload that Open has
// returned. The code is valid until f returns.
func Libraries(b []byte, f func(code []byte) error) error {
	r := reader{b: b}
	for r.at < len(r.b) {
		if op := r.byte("opcode"); r.err == nil && op != OpFunction {
			return corrupt("opcode %d where a library should begin", op)
		}
		code := r.string("library")
		if r.err != nil {
			break
		}
		if err := f(code); err != nil {
			return err
		}
	}
	return r.err
}
