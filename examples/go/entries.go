package main

import (
	"fmt"
	"regexp"
)

var controls = regexp.MustCompile(`\p{Cc}`) // a terminal acts on these, and others write the messages

// position returns the id of an entry: of a message, or of a change, which has an id of its own (P74).
func (f frame) position() string {
	if f.Type == "edited" || f.Type == "deleted" {
		return f.Change
	}
	return f.ID
}

// show prints a message or a change once. Ids sort in log order, so an entry at or before lastID was shown already.
func (f frame) show() {
	if f.position() <= lastID {
		return
	}
	cursor, lastID = f.position(), f.position()
	what := ""
	if f.Deleted || f.Type == "deleted" {
		what = " (deleted)"
	} else if f.Edited || f.Type == "edited" {
		what = " (edited)"
	}
	fmt.Printf("%s%s: %s\n", f.From, what, controls.ReplaceAllString(f.Content, "?"))
}
