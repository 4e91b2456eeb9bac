package engine

// containerTypes has a row a type that has large containers.
var containerTypes = [...]containerOps{
	TypeSet:    tableOps,
	TypeHash:   tableOps,
	TypeStream: {},
}
