package engine

// containerTypes has a row a type that has large containers.
var containerTypes = [...]containerOps{
	TypeSet:    tableOps,
	TypeZSet:   zsetOps,
	TypeHash:   tableOps,
	TypeStream: {},
}
