package memcache

import "strconv"

// MetaCode is the word that a meta reply begins with.
type MetaCode string

const (
	MetaHD MetaCode = "HD" // done, or found and no value asked for
	MetaEN MetaCode = "EN" // mg, me: no such item
	MetaNF MetaCode = "NF" // the other commands: no such item
	MetaNS MetaCode = "NS" // not stored
	MetaEX MetaCode = "EX" // the CAS value differs

	metaVA = "VA"
)

// MetaItem is what a meta reply can tell of an item.
type MetaItem struct {
	Flags      uint32
	CAS        uint64
	TTL        int64 // seconds, -1 for ever
	ValueBytes int
	LastAccess int64 // seconds since
	Fetched    bool  // was read since it was stored
	// Won tells this client, and none else, to renew the item: W.
	Won bool
	// Stale is set by md with I: X.
	Stale bool
	// Sent says that another client was told W before: Z. Not together with Won.
	Sent bool
}

// Flags that each command's reply answers when there is an item, beside k and O.
var (
	answeredByGet   = letters("fstchl")
	answeredBySet   = letters("cs")
	answeredByArith = letters("tc")
)

// AppendMetaMiss appends a reply without an item: EN, NF, NS or EX, or HD for
// md. Of the flags it answers k and O in the order sent.
func AppendMetaMiss(dst []byte, r *Request, code MetaCode) []byte {
	dst = append(dst, code...)
	dst = appendAnswers(dst, r, 0, nil)
	return append(dst, "\r\n"...)
}

// AppendMetaHD appends HD and the answers to the flags, for a command without
// the v flag that has an item to tell about.
func AppendMetaHD(dst []byte, r *Request, it *MetaItem) []byte {
	return AppendMetaItem(dst, r, MetaHD, it)
}

// AppendMetaItem is AppendMetaHD with another code: ms and ma tell the item's
// CAS value with EX and NS too, where asked.
func AppendMetaItem(dst []byte, r *Request, code MetaCode, it *MetaItem) []byte {
	dst = append(dst, code...)
	dst = appendItemAnswers(dst, r, it)
	return append(dst, "\r\n"...)
}

// AppendMetaValueHeader appends the line before a value, it.ValueBytes long. The
// value and "\r\n" follow; a large one need not be copied into the same buffer.
func AppendMetaValueHeader(dst []byte, r *Request, it *MetaItem) []byte {
	dst = append(dst, metaVA...)
	dst = append(dst, ' ')
	dst = strconv.AppendUint(dst, uint64(it.ValueBytes), 10)
	dst = appendItemAnswers(dst, r, it)
	return append(dst, "\r\n"...)
}

// AppendMetaValue appends a reply with a value, for the v flag.
//
// REQUIRES: it.ValueBytes == len(value).
func AppendMetaValue(dst []byte, r *Request, it *MetaItem, value []byte) []byte {
	dst = AppendMetaValueHeader(dst, r, it)
	dst = append(dst, value...)
	return append(dst, "\r\n"...)
}

// AppendMetaNumber appends the reply to ma with the v flag. It sets
// it.ValueBytes to the length of v in digits.
func AppendMetaNumber(dst []byte, r *Request, it *MetaItem, v uint64) []byte {
	var digits [20]byte
	value := strconv.AppendUint(digits[:0], v, 10)
	it.ValueBytes = len(value)
	return AppendMetaValue(dst, r, it, value)
}

func appendItemAnswers(dst []byte, r *Request, it *MetaItem) []byte {
	answered := uint64(0)
	switch r.Op {
	case OpMetaGet:
		answered = answeredByGet
	case OpMetaSet:
		answered = answeredBySet
	case OpMetaArith:
		answered = answeredByArith
	}
	dst = appendAnswers(dst, r, answered, it)
	if r.Op != OpMetaGet {
		return dst
	}
	if it.Sent {
		dst = append(dst, " Z"...)
	}
	if it.Stale {
		dst = append(dst, " X"...)
	}
	if it.Won {
		dst = append(dst, " W"...)
	}
	return dst
}

// appendAnswers answers the flags in the order sent: k and O always, of the
// others those in answered. The key goes out as it came in, with b behind it if
// it is base64; b alone has no answer.
func appendAnswers(dst []byte, r *Request, answered uint64, it *MetaItem) []byte {
	tokens := r.Meta.Tokens
	for t, ok := tokens.Next(); ok; t, ok = tokens.Next() {
		switch t[0] {
		case 'O':
			dst = append(dst, ' ')
			dst = append(dst, t...)
		case 'k':
			dst = append(dst, " k"...)
			dst = append(dst, r.Meta.SentKey...)
			if r.Meta.Has('b') {
				dst = append(dst, " b"...)
			}
		default:
			if answered&flagBit(t[0]) != 0 {
				dst = append(dst, ' ', t[0])
				dst = appendAnswer(dst, t[0], it)
			}
		}
	}
	return dst
}

func appendAnswer(dst []byte, letter byte, it *MetaItem) []byte {
	switch letter {
	case 'f':
		return strconv.AppendUint(dst, uint64(it.Flags), 10)
	case 's':
		return strconv.AppendUint(dst, uint64(it.ValueBytes), 10)
	case 't':
		return strconv.AppendInt(dst, it.TTL, 10)
	case 'c':
		return strconv.AppendUint(dst, it.CAS, 10)
	case 'l':
		return strconv.AppendInt(dst, it.LastAccess, 10)
	}
	if it.Fetched { // h
		return append(dst, '1')
	}
	return append(dst, '0')
}

// MetaDebug is what me tells of an item.
type MetaDebug struct {
	TTL        int64 // seconds to live, negated; -1 also for ever
	LastAccess int64 // seconds since
	CAS        uint64
	Fetched    bool
	Class      int // size class
	Size       int // bytes with overhead
}

// AppendMetaDebug appends the reply to me for an item that exists.
func AppendMetaDebug(dst []byte, r *Request, d *MetaDebug) []byte {
	dst = append(dst, "ME "...)
	dst = append(dst, r.Meta.SentKey...)
	dst = append(dst, " exp="...)
	dst = strconv.AppendInt(dst, d.TTL, 10)
	dst = append(dst, " la="...)
	dst = strconv.AppendInt(dst, d.LastAccess, 10)
	dst = append(dst, " cas="...)
	dst = strconv.AppendUint(dst, d.CAS, 10)
	if d.Fetched {
		dst = append(dst, " fetch=yes cls="...)
	} else {
		dst = append(dst, " fetch=no cls="...)
	}
	dst = strconv.AppendInt(dst, int64(d.Class), 10)
	dst = append(dst, " size="...)
	dst = strconv.AppendInt(dst, int64(d.Size), 10)
	return append(dst, "\r\n"...)
}
