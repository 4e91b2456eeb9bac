package memcache

// Proto says in which protocol a request was written, and so in which the reply
// must be.
type Proto uint8

const (
	// Text is the classic protocol of lines.
	Text Proto = iota
	// Meta is the two-letter family on the text connection.
	Meta
	// Binary is the protocol of 24-byte headers.
	Binary
)

// IsBinary reports whether a connection whose first byte is first speaks the
// binary protocol.
func IsBinary(first byte) bool { return first == magicRequest }

// Limits bounds what a parser accepts.
type Limits struct {
	// MaxItemBytes is the largest item in bytes, counted as memcached counts:
	// ItemBytes of key, flags and value. Default 1 MiB; values below 1 KiB count
	// as 1 KiB.
	MaxItemBytes int
	// MaxMultigetBytes is the longest line of get and gets in bytes. memcached
	// has no bound here; the default of 8 MiB holds 30,000 keys of full length.
	MaxMultigetBytes int
}

const (
	// MaxKeyBytes is the longest key, in bytes, in every protocol. A base64 key
	// must keep to it in its encoded form.
	MaxKeyBytes = 250

	defaultMaxItemBytes     = 1 << 20
	minMaxItemBytes         = 1 << 10
	defaultMaxMultigetBytes = 8 << 20

	// maxDecodedKeyBytes is what MaxKeyBytes of base64 decode to, with room for
	// the decoder's last group.
	maxDecodedKeyBytes = 192
)

func (l Limits) withDefaults() Limits {
	if l.MaxItemBytes == 0 {
		l.MaxItemBytes = defaultMaxItemBytes
	}
	l.MaxItemBytes = max(l.MaxItemBytes, minMaxItemBytes)
	if l.MaxMultigetBytes <= 0 {
		l.MaxMultigetBytes = defaultMaxMultigetBytes
	}
	return l
}

// ItemBytes is what memcached would charge for an item against its item size
// limit: a 48-byte header, the CAS value, the key with its terminator, client
// flags unless they are 0, and the value with its line end.
func ItemBytes(keyBytes int, flags uint32, valueBytes int64) int64 {
	n := int64(48+8) + int64(keyBytes) + 1 + valueBytes + 2
	if flags != 0 {
		n += 4
	}
	return n
}

// Request is one parsed request. The zero value is ready for use, and one value
// serves any number of requests after another.
//
// Key, Args, Value and the byte slices in Meta point into the buffer given to
// Next, except a Key that was base64: it points into the Request itself. All are
// valid until that buffer changes or the Request is used again; a Request must
// not be copied.
type Request struct {
	Proto Proto
	Op    Op
	// Fault is not FaultNone when the request cannot be carried out. Then only
	// Proto, NoReply, Opcode, Opaque and, for FaultTooLarge and FaultBadChunk, Op
	// and Key mean something.
	Fault Fault
	// NoReply asks for silence: "noreply" in text, the q flag in meta (which
	// silences only the common replies), a quiet opcode in binary (likewise).
	NoReply bool
	// WithCAS asks for the CAS value in the reply: gets and gats.
	WithCAS bool
	// WithKey asks for the key in the reply: binary getk, getkq, gatk, gatkq.
	WithKey bool
	// Opcode is the opcode of a binary request as sent.
	Opcode byte
	// Opaque comes back unchanged in the reply to a binary request.
	Opaque uint32

	// Keys is the number of keys of get and gat, 0 or more; Key is the first.
	Keys int
	// Key is at most MaxKeyBytes long.
	Key []byte
	// Args holds all keys of get and gat in text, Key among them; a binary request
	// has no key but Key, which may contain spaces. For stats, slabs, lru,
	// lru_crawler, watch and shutdown it holds the words after the command, a last
	// "noreply" included.
	Args Tokens

	// Flags are the client flags of a storage command.
	Flags uint32
	// Exptime is as sent, in seconds: relative, absolute, or negative for expired
	// at once; also the delay of flush_all and the T flag of meta commands. In
	// binary it is the unsigned field of the extras, see NoCreate.
	Exptime int64
	// CAS is the value to compare with: cas, the C flag, the binary header's field
	// (0 there means do not compare).
	CAS uint64
	// Delta is the amount of incr and decr and of the D flag (1 without it), the
	// level of verbosity, the megabytes of cache_memlimit.
	Delta uint64
	// Initial is the value that a counter starts from: binary and the J flag.
	Initial uint64
	// Value is the data block without its line end.
	Value []byte

	// Meta is set if Proto is Meta.
	Meta MetaFlags

	keyScratch [maxDecodedKeyBytes]byte
}

// NoCreate in Exptime forbids a binary incr or decr to create the counter.
const NoCreate = 0xffffffff

// reset empties all of r but keyScratch: clearing that too would double the
// cost, and nothing points at it any more.
func (r *Request) reset(proto Proto, op Op) {
	r.Proto, r.Op, r.Fault = proto, op, FaultNone
	r.NoReply, r.WithCAS, r.WithKey = false, false, false
	r.Opcode, r.Opaque = 0, 0
	r.Keys, r.Key, r.Args = 0, nil, Tokens{}
	r.Flags, r.Exptime, r.CAS, r.Delta, r.Initial = 0, 0, 0, 0, 0
	r.Value = nil
	if r.Meta.Set != 0 || r.Meta.SentKey != nil {
		r.Meta = MetaFlags{}
	}
}

// fail turns r into the report of a fault. It keeps NoReply, because memcached
// leaves out the error lines of classic commands too when noreply was read
// before the fault was found.
func (r *Request) fail(f Fault) { r.Fault = f }
