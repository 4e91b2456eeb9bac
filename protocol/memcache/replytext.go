package memcache

import "strconv"

// Line is a whole reply of the text or meta protocol that never varies, with
// its line end.
type Line string

const (
	LineStored     Line = "STORED\r\n"
	LineNotStored  Line = "NOT_STORED\r\n"
	LineExists     Line = "EXISTS\r\n"
	LineNotFound   Line = "NOT_FOUND\r\n"
	LineDeleted    Line = "DELETED\r\n"
	LineTouched    Line = "TOUCHED\r\n"
	LineOK         Line = "OK\r\n"
	LineReset      Line = "RESET\r\n"
	LineEnd        Line = "END\r\n"
	LineError      Line = "ERROR\r\n"
	LineNonNumeric Line = "CLIENT_ERROR cannot increment or decrement non-numeric value\r\n"
	LineNoMemory   Line = "SERVER_ERROR out of memory storing object\r\n"
	LineMetaNoop   Line = "MN\r\n"
)

// AppendLine appends a fixed reply.
func AppendLine(dst []byte, l Line) []byte { return append(dst, l...) }

// AppendClientError appends CLIENT_ERROR and why: the client can do better.
func AppendClientError(dst []byte, why string) []byte {
	dst = append(dst, "CLIENT_ERROR "...)
	dst = append(dst, why...)
	return append(dst, "\r\n"...)
}

// AppendServerError appends SERVER_ERROR and why: the server could not.
func AppendServerError(dst []byte, why string) []byte {
	dst = append(dst, "SERVER_ERROR "...)
	dst = append(dst, why...)
	return append(dst, "\r\n"...)
}

// AppendValueHeader appends the line before a value of valueBytes bytes in the
// reply to get. The value and "\r\n" follow; a large one need not be copied into
// the same buffer.
func AppendValueHeader(dst, key []byte, flags uint32, valueBytes int) []byte {
	dst = append(dst, "VALUE "...)
	dst = append(dst, key...)
	dst = append(dst, ' ')
	dst = strconv.AppendUint(dst, uint64(flags), 10)
	dst = append(dst, ' ')
	dst = strconv.AppendUint(dst, uint64(valueBytes), 10)
	return append(dst, "\r\n"...)
}

// AppendValueHeaderCAS is AppendValueHeader for gets and gats.
func AppendValueHeaderCAS(dst, key []byte, flags uint32, valueBytes int, cas uint64) []byte {
	dst = AppendValueHeader(dst, key, flags, valueBytes)
	dst = append(dst[:len(dst)-2], ' ')
	dst = strconv.AppendUint(dst, cas, 10)
	return append(dst, "\r\n"...)
}

// AppendValue appends one found item of the reply to get; after the last one
// comes LineEnd.
func AppendValue(dst, key []byte, flags uint32, value []byte) []byte {
	dst = AppendValueHeader(dst, key, flags, len(value))
	dst = append(dst, value...)
	return append(dst, "\r\n"...)
}

// AppendValueCAS is AppendValue for gets and gats.
func AppendValueCAS(dst, key []byte, flags uint32, value []byte, cas uint64) []byte {
	dst = AppendValueHeaderCAS(dst, key, flags, len(value), cas)
	dst = append(dst, value...)
	return append(dst, "\r\n"...)
}

// AppendNumber appends the reply to incr and decr: the new value.
func AppendNumber(dst []byte, v uint64) []byte {
	dst = strconv.AppendUint(dst, v, 10)
	return append(dst, "\r\n"...)
}

// AppendVersion appends the reply to version.
func AppendVersion(dst []byte, version string) []byte {
	dst = append(dst, "VERSION "...)
	dst = append(dst, version...)
	return append(dst, "\r\n"...)
}

// AppendStat appends one line of the reply to stats; after the last one comes
// LineEnd.
func AppendStat(dst []byte, name, value string) []byte {
	dst = append(dst, "STAT "...)
	dst = append(dst, name...)
	dst = append(dst, ' ')
	dst = append(dst, value...)
	return append(dst, "\r\n"...)
}
