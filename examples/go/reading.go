package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

// catchUp reads what came after the cursor (P53). Meanwhile no frame is taken, so live messages wait in the socket;
// show drops what comes by both ways.
func catchUp(ctx context.Context) error {
	for more := true; more; {
		request, _ := http.NewRequestWithContext(ctx, "GET", base+"/sync?after="+url.QueryEscape(cursor), nil)
		request.Header.Set("Authorization", "Bearer "+token)
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		var page struct {
			Messages []frame
			Cursor   string
			More     bool
		}
		err = json.NewDecoder(answer.Body).Decode(&page)
		answer.Body.Close()
		if err != nil || answer.StatusCode != http.StatusOK {
			return fmt.Errorf("/sync answered %s", answer.Status)
		}
		for _, message := range page.Messages {
			message.show()
		}
		cursor, more = page.Cursor, page.More
	}
	return nil
}

// readInto hands on one frame after the other, each when the one before it has been dealt with.
func readInto(ctx context.Context, conn *websocket.Conn, frames chan<- frame) error {
	for {
		var f frame
		if err := wsjson.Read(ctx, conn, &f); err != nil {
			return err
		}
		select {
		case frames <- f:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
