package rdb

// Kind is the first byte of a value: its type and form.
type Kind uint8

// The kinds, with the version of Redis that first wrote them. Those of modules
// (6, 7) cannot be read.
const (
	KindString      Kind = 0
	KindList        Kind = 1 // until 2.0
	KindSet         Kind = 2
	KindZSetText    Kind = 3 // until 4.0: scores as text
	KindHash        Kind = 4
	KindZSet        Kind = 5  // 4.0
	KindZipmap      Kind = 9  // hash, until 2.4
	KindListZiplist Kind = 10 // until 3.0
	KindIntset      Kind = 11
	KindZSetZiplist Kind = 12 // until 6.2
	KindHashZiplist Kind = 13 // until 6.2
	KindQuicklist   Kind = 14 // list, 3.2 to 6.2: ziplists
	KindStream1     Kind = 15 // 5.0

	KindHashListpack Kind = 16 // 7.0
	KindZSetListpack Kind = 17 // 7.0
	KindList2        Kind = 18 // 7.0: listpacks
	KindStream2      Kind = 19 // 7.0: knows entries added, deleted and read
	KindSetListpack  Kind = 20 // 7.2
	KindStream3      Kind = 21 // 7.2: knows when a consumer was active

	KindHashTTLEarly         Kind = 22 // candidates of 7.4: absolute deadlines
	KindHashListpackTTLEarly Kind = 23
	KindHashTTL              Kind = 24 // 7.4: fields with deadlines
	KindHashListpackTTL      Kind = 25
)

// Versions of the format.
const (
	Version     = 10 // written: Redis 7.0
	VersionTTL  = 12 // written for hashes with deadlines: Redis 7.4
	VersionMost = 12 // read
)
