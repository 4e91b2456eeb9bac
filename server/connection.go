package server

func ping(q *call) {
	switch len(q.args) {
	case 1:
		q.out.Simple("PONG")
	case 2:
		q.out.Bulk(q.args[1])
	default:
		q.out.Error("ERR wrong number of arguments for 'ping' command")
	}
}
