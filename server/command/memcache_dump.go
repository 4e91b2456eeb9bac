package command

import (
	"encoding/base64"
	"strconv"

	"larder/engine"
)

// AppendMetadump appends an item's line of lru_crawler metadump. la is the
// time when the item was stored, see MemcachedAge, and cls is always 1.
func AppendMetadump(dst []byte, it *engine.Item, nowMs int64) []byte {
	dst = append(dst, "key="...)
	dst = AppendURIEncoded(dst, it.Key())
	dst = append(dst, " exp="...)
	exp := int64(-1)
	if d := it.Deadline(); d != engine.NoDeadline {
		exp = d / 1000
	}
	dst = strconv.AppendInt(dst, exp, 10)
	dst = append(dst, " la="...)
	dst = strconv.AppendInt(dst, nowMs/1000-MemcachedAge(it, nowMs), 10)
	dst = append(dst, " cas="...)
	dst = strconv.AppendUint(dst, it.CAS(), 10)
	if it.Fetched() {
		dst = append(dst, " fetch=yes cls=1 size="...)
	} else {
		dst = append(dst, " fetch=no cls=1 size="...)
	}
	dst = strconv.AppendInt(dst, int64(it.EntryBytes()), 10)
	return append(dst, '\n')
}

// AppendMgdump appends an item's line of lru_crawler mgdump: the mg request
// that fetches it.
func AppendMgdump(dst []byte, it *engine.Item) []byte {
	dst = append(dst, "mg "...)
	key := it.Key()
	if plainKey(key) {
		dst = append(dst, key...)
	} else {
		dst = base64.StdEncoding.AppendEncode(dst, key)
		dst = append(dst, " b"...)
	}
	return append(dst, "\r\n"...)
}

// plainKey tells whether a text request can name the key as it is.
func plainKey(key []byte) bool {
	for _, b := range key {
		if b <= ' ' || b == 0x7f {
			return false
		}
	}
	return len(key) > 0
}

// AppendURIEncoded appends key with all bytes but letters, digits and -._~
// written as %XX.
func AppendURIEncoded(dst, key []byte) []byte {
	const hex = "0123456789ABCDEF"
	for _, b := range key {
		switch {
		case b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z', b >= '0' && b <= '9', b == '-', b == '.', b == '_', b == '~':
			dst = append(dst, b)
		default:
			dst = append(dst, '%', hex[b>>4], hex[b&15])
		}
	}
	return dst
}
