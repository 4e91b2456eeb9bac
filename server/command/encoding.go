package command

import "larder/engine"

// maxEmbstrBytes is the longest string that Redis stores together with its
// object's header.
const maxEmbstrBytes = 44

// EncodingName is Redis's word for how it would keep a value that is kept as
// this one is.
func EncodingName(it *engine.Item) string {
	large := it.Encoding() == engine.EncLarge
	switch it.Type() {
	case engine.TypeList:
		return packedOr("quicklist", large)
	case engine.TypeSet:
		if it.Encoding() == engine.EncIntset {
			return "intset"
		}
		return packedOr("hashtable", large)
	case engine.TypeZSet:
		return packedOr("skiplist", large)
	case engine.TypeHash:
		if it.Encoding() == engine.EncPackedTTL {
			return "listpackex"
		}
		return packedOr("hashtable", large)
	case engine.TypeStream:
		return "stream"
	}
	switch {
	case it.Encoding() == engine.EncInt:
		return "int"
	case it.Encoding() == engine.EncBytes && it.Len() <= maxEmbstrBytes:
		return "embstr"
	}
	return "raw"
}

func packedOr(name string, large bool) string {
	if large {
		return name
	}
	return "listpack"
}
