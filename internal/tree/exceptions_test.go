package tree

// exceptions are the sizes that parts of the tree have not got beyond although
// they are over a limit. An entry goes as soon as its part is within the limit.
var exceptions = map[string]int{}
