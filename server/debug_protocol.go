package server

// debugProtocol implements DEBUG PROTOCOL: a sample of each type of reply, for
// tests of clients.
func debugProtocol(q *call) {
	w := q.out
	three := func() {
		for i := range int64(3) {
			w.Int(i)
		}
	}
	switch string(toLower(q.args[2])) {
	case "string":
		w.BulkString("Hello World")
	case "integer":
		w.Int(12345)
	case "double":
		// The shortest form; 17 digits would be 3.1410000000000000.
		if w.Proto == 3 {
			w.Raw([]byte(",3.141\r\n"))
		} else {
			w.BulkString("3.141")
		}
	case "bignum":
		const n = "1234567999999999999999999999999999999"
		if w.Proto == 3 {
			w.Raw([]byte("(" + n + "\r\n"))
		} else {
			w.BulkString(n)
		}
	case "null":
		w.Null()
	case "array":
		w.Array(3)
		three()
	case "set":
		w.Set(3)
		three()
	case "map":
		w.Map(3)
		for i := range int64(3) {
			w.Int(i)
			w.Bool(i == 1)
		}
	case "attrib":
		if w.Proto == 3 {
			w.Raw([]byte("|1\r\n"))
			w.BulkString("key-popularity")
			w.Array(2)
			w.BulkString("key:123")
			w.Int(90)
		}
		w.BulkString("Some real reply following the attribute")
	case "push":
		if w.Proto != 3 {
			w.Error("ERR RESP2 is not supported by this command")
			return
		}
		w.Push(2)
		w.BulkString("server-cpu-usage")
		w.Int(42)
		w.BulkString("Some real reply following the push reply")
	case "verbatim":
		w.Verbatim("txt", "This is a verbatim\nstring")
	case "true":
		w.Bool(true)
	case "false":
		w.Bool(false)
	default:
		w.Error("ERR Wrong protocol type name. Please use one of the following: string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false")
	}
}
