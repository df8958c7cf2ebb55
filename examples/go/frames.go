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

// frame has the fields that this client uses, from the server's frames and from the messages of /sync.
type frame struct {
	Type, ID, Change, From, Content, Ref, User, Cursor, Code string
	Temporary, Edited, Deleted                               bool
	RetryAfterMs                                             int
}

// draft is a message to send.
type draft struct {
	To      string `json:"to"`
	Content string `json:"content"`
	Ref     string `json:"ref"`
}

var (
	cursor, lastID string  // the position to continue after (save it to survive a restart); the last entry shown
	pending        []draft // the messages without an answer, in order
)

// handle processes one frame. An error ends the connection.
func (f frame) handle(ctx context.Context, conn *websocket.Conn) error {
	at := slices.IndexFunc(pending, func(d draft) bool { return d.Ref == f.Ref })
	switch {
	case f.Type == "message" || f.Type == "edited" || f.Type == "deleted":
		f.show()
	case f.Type == "ready":
		log.Print("connected as ", f.User)
		if cursor == "" {
			cursor = f.Cursor // the first connection starts at this cursor, without earlier messages
		}
		if err := catchUp(ctx); err != nil {
			return err
		}
		for _, d := range pending { // sent again under the same ref, so each stays one message (P10)
			if err := wsjson.Write(ctx, conn, d); err != nil {
				return err
			}
		}
	case f.Type == "sync": // the server can't fill a hole in the live messages (P23)
		return catchUp(ctx)
	case at >= 0 && f.Temporary: // a temporary error: retry under the same ref (P31)
		time.Sleep(time.Duration(max(f.RetryAfterMs, 100)) * time.Millisecond)
		return wsjson.Write(ctx, conn, pending[at])
	case at >= 0: // an ack, or a permanent error
		outcome := "kept"
		if f.Type == "error" {
			outcome = "refused (" + f.Code + ")"
		}
		fmt.Printf("%s: %s\n", outcome, pending[at].Content)
		pending = slices.Delete(pending, at, at+1)
	}
	return nil
}
