package engine

// containerTypes has a row a type that has large containers.
var containerTypes = [...]containerOps{
	TypeList:   {freeList, copyList, listState},
	TypeSet:    tableOps,
	TypeZSet:   zsetOps,
	TypeHash:   tableOps,
	TypeStream: streamOps,
}
