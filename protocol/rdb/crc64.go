package rdb

import "hash/crc64"

// jones is the table of the CRC-64 by David T. Jones, polynomial
// ad93d23594c935a9, bits reflected.
var jones = crc64.MakeTable(0x95ac9329ac4bc9b5)

// Checksum is the CRC-64 of b that goes on from crc, which is 0 at the start.
// Nothing is complemented, so that the sum of nothing is 0.
func Checksum(crc uint64, b []byte) uint64 { return ^crc64.Update(^crc, jones, b) }
