package main

import (
	"context"
	"fmt"
	"log"
	"slices"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

// frame is what is used of any frame of the server, and of a message of /sync.
type frame struct {
	Type, ID, From, Content, Ref, User, Cursor, Code string
	Temporary                                        bool
	RetryAfterMs                                     int
}

type draft struct {
	To      string `json:"to"`
	Content string `json:"content"`
	Ref     string `json:"ref"`
}

var (
	cursor, lastID string  // where to go on (keep it in a file to outlive a restart); the last message shown
	pending        []draft // what was typed and has no answer yet, in order
)

// show prints a message once: ids sort as the log does.
func (f frame) show() {
	if f.ID > lastID {
		cursor, lastID = f.ID, f.ID
		fmt.Printf("%s: %s\n", f.From, f.Content)
	}
}

func (f frame) handle(ctx context.Context, conn *websocket.Conn) error {
	at := slices.IndexFunc(pending, func(d draft) bool { return d.Ref == f.Ref })
	switch {
	case f.Type == "message":
		f.show()
	case f.Type == "ready":
		log.Print("connected as ", f.User)
		if cursor == "" {
			cursor = f.Cursor // the first time: from now on, without what was before
		}
		if err := catchUp(ctx); err != nil {
			return err
		}
		for _, d := range pending { // again under the same ref, so each stays one message (P10)
			if err := wsjson.Write(ctx, conn, d); err != nil {
				return err
			}
		}
	case f.Type == "sync": // P23: the server cannot vouch for what came before
		return catchUp(ctx)
	case at >= 0 && f.Temporary: // P31: an error that may pass: later, under the same ref
		time.Sleep(time.Duration(max(f.RetryAfterMs, 100)) * time.Millisecond)
		return wsjson.Write(ctx, conn, pending[at])
	case at >= 0: // an ack, or an error for good
		outcome := "kept"
		if f.Type == "error" {
			outcome = "refused (" + f.Code + ")"
		}
		fmt.Printf("%s: %s\n", outcome, pending[at].Content)
		pending = slices.Delete(pending, at, at+1)
	}
	return nil
}
