package command

// serverRows are the commands that concern the server; package server runs most of them.
var serverRows = []Command{}
