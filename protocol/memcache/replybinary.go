package memcache

import "encoding/binary"

// Status is the status field of a binary reply.
type Status uint16

const (
	StatusOK             Status = 0x00
	StatusNotFound       Status = 0x01
	StatusExists         Status = 0x02
	StatusTooLarge       Status = 0x03
	StatusInvalid        Status = 0x04
	StatusNotStored      Status = 0x05
	StatusNonNumeric     Status = 0x06
	StatusAuthError      Status = 0x20
	StatusAuthContinue   Status = 0x21
	StatusUnknownCommand Status = 0x81
	StatusNoMemory       Status = 0x82
	StatusTemporary      Status = 0x86
)

// Text is what memcached puts into the value of an error reply; empty for
// StatusOK.
func (s Status) Text() string {
	switch s {
	case StatusOK, StatusAuthContinue:
		return ""
	case StatusNotFound:
		return "Not found"
	case StatusExists:
		return "Data exists for key."
	case StatusTooLarge:
		return "Too large."
	case StatusInvalid:
		return "Invalid arguments"
	case StatusNotStored:
		return "Not stored."
	case StatusNonNumeric:
		return "Non-numeric server-side value for incr or decr"
	case StatusAuthError:
		return "Auth failure."
	case StatusUnknownCommand:
		return "Unknown command"
	case StatusNoMemory:
		return "Out of memory"
	case StatusTemporary:
		return "Temporary failure"
	}
	return "Unknown error"
}

// AppendBinaryHeader appends the header of a reply to r. The body, whose parts
// have these lengths in bytes, follows: extras, key, value.
func AppendBinaryHeader(dst []byte, r *Request, s Status, extrasBytes, keyBytes, valueBytes int, cas uint64) []byte {
	dst = append(dst, magicResponse, r.Opcode)
	dst = binary.BigEndian.AppendUint16(dst, uint16(keyBytes))
	dst = append(dst, byte(extrasBytes), 0)
	dst = binary.BigEndian.AppendUint16(dst, uint16(s))
	dst = binary.BigEndian.AppendUint32(dst, uint32(extrasBytes+keyBytes+valueBytes))
	dst = binary.BigEndian.AppendUint32(dst, r.Opaque)
	return binary.BigEndian.AppendUint64(dst, cas)
}

// AppendBinaryOK appends a success without a body. cas is the item's CAS value
// after the command, 0 where there is no item.
func AppendBinaryOK(dst []byte, r *Request, cas uint64) []byte {
	return AppendBinaryHeader(dst, r, StatusOK, 0, 0, 0, cas)
}

// AppendBinaryError appends a failure with its text as value.
func AppendBinaryError(dst []byte, r *Request, s Status) []byte {
	text := s.Text()
	dst = AppendBinaryHeader(dst, r, s, 0, 0, len(text), 0)
	return append(dst, text...)
}

// AppendBinaryMiss appends the reply to a get or gat that found nothing: the key
// if the request wants it, else the text.
func AppendBinaryMiss(dst []byte, r *Request) []byte {
	if !r.WithKey {
		return AppendBinaryError(dst, r, StatusNotFound)
	}
	dst = AppendBinaryHeader(dst, r, StatusNotFound, 0, len(r.Key), 0, 0)
	return append(dst, r.Key...)
}

// AppendBinaryValueHeader appends all of the reply to get, gat and touch up to
// the value. For touch valueBytes is 0: it answers the flags alone.
func AppendBinaryValueHeader(dst []byte, r *Request, flags uint32, cas uint64, valueBytes int) []byte {
	keyBytes := 0
	if r.WithKey {
		keyBytes = len(r.Key)
	}
	dst = AppendBinaryHeader(dst, r, StatusOK, 4, keyBytes, valueBytes, cas)
	dst = binary.BigEndian.AppendUint32(dst, flags)
	return append(dst, r.Key[:keyBytes]...)
}

// AppendBinaryValue appends the reply to a get or gat that found an item.
func AppendBinaryValue(dst []byte, r *Request, flags uint32, cas uint64, value []byte) []byte {
	dst = AppendBinaryValueHeader(dst, r, flags, cas, len(value))
	return append(dst, value...)
}

// AppendBinaryNumber appends the reply to incr and decr: the new value.
func AppendBinaryNumber(dst []byte, r *Request, v, cas uint64) []byte {
	dst = AppendBinaryHeader(dst, r, StatusOK, 0, 0, 8, cas)
	return binary.BigEndian.AppendUint64(dst, v)
}

// AppendBinaryText appends a success with a value alone: version, the list of
// SASL mechanisms.
func AppendBinaryText(dst []byte, r *Request, text string) []byte {
	dst = AppendBinaryHeader(dst, r, StatusOK, 0, 0, len(text), 0)
	return append(dst, text...)
}

// AppendBinaryStat appends one statistic; one with an empty name and value ends
// the list.
func AppendBinaryStat(dst []byte, r *Request, name, value string) []byte {
	dst = AppendBinaryHeader(dst, r, StatusOK, 0, len(name), len(value), 0)
	dst = append(dst, name...)
	return append(dst, value...)
}
