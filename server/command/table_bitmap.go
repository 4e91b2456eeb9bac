package command

// bitmapRows are the commands on strings of bits: bitmap.go and bitfield.go.
var bitmapRows = []Command{}
