package compat

import (
	"testing"

	"larder/test/compat/harness"
)

var bitmapsFamily = family{
	name:  "bitmaps",
	spoil: 10,
	rows: []string{
		"SETBIT key bit binary01",
		"SETBIT key bit binary01",
		"GETBIT key bit",
		"BITCOUNT key",
		"BITCOUNT key index index [BYTE|BIT]",
		"BITCOUNT key index",
		"BITPOS key binary01 [index [index [BYTE|BIT]]]",
		"BITPOS key binary01 index index BIT",
		"BITOP (AND|OR|XOR|NOT|DIFF|junk) key key*",
		"BITOP (AND|OR|XOR) key key key*",
		"BITOP NOT key key",
		"BITFIELD key (GET bits at)*",
		"BITFIELD key [OVERFLOW overflow] (SET bits at int | INCRBY bits at int | GET bits at)*",
		"BITFIELD key (OVERFLOW overflow INCRBY bits at int)*",
		"BITFIELD key INCRBY bits at step",
		"BITFIELD key",
		"BITFIELD_RO key (GET bits at)*",
		"BITFIELD_RO key (GET bits at) (SET bits at int)",
		"SET key value",
		"GET key",
		"STRLEN key",
		"GETRANGE key index index",
		"SETRANGE key offset small",
		"DEL key",
	},
	classes: harness.Classes{
		"bits":     harness.Choose("u8", "i8", "u1", "i1", "u63", "i64", "u16", "i32", "u4", "i5", "u7", "i3", "u64", "i65", "u0", "i0", "x8", "u", "8", "", "U8", "u-1", "u08"),
		"at":       harness.Mix(8, harness.Integer(0, 100), 6, harness.Choose("#0", "#1", "#2", "#10", "#3"), 2, harness.Choose("-1", "#-1", "#", "abc", "", "4294967296", "#4294967296", "9223372036854775807", "#9223372036854775807", "1.5")),
		"step":     harness.Integer(-300, 300),
		"overflow": harness.Choose("WRAP", "SAT", "FAIL", "FAIL", "fail", "sat", "NONE"),
	},
	epilogue: readBack("GET", "OBJECT ENCODING"),
}

func TestBitmaps(t *testing.T) { bitmapsFamily.check(t, respPair(t)) }
