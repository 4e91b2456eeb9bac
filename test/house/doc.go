// Package house holds the checks that keep the project's house in order: which
// package may import which, what may stand at the top level, and how long a
// file or a function may be. They read the sources and run nothing of larder.
package house
