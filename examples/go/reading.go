package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

// catchUp reads the messages and changes after the cursor (P53). Live frames meanwhile wait in the socket, and show
// drops duplicates.
func catchUp(ctx context.Context) error {
	for more := true; more; {
		request, _ := http.NewRequestWithContext(ctx, "GET", base+"/sync?after="+url.QueryEscape(cursor), nil)
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		var page struct {
			Messages []frame
			Changes  []struct {
				Type, Change string
				Message      frame // the message as it is now (P75)
			}
			Cursor string
			More   bool
		}
		err = json.NewDecoder(response.Body).Decode(&page)
		response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK {
			// Before the next attempt, waits as long as the server asks for (P55).
			seconds, _ := strconv.Atoi(response.Header.Get("Retry-After"))
			time.Sleep(time.Duration(seconds) * time.Second)
			return fmt.Errorf("/sync answered %s", response.Status)
		}
		entries := page.Messages
		for _, change := range page.Changes {
			change.Message.Type, change.Message.Change = change.Type, change.Change
			entries = append(entries, change.Message)
		}
		slices.SortFunc(entries, func(a, b frame) int { return cmp.Compare(a.position(), b.position()) })
		for _, entry := range entries {
			entry.show()
		}
		cursor, more = page.Cursor, page.More
	}
	return nil
}

// readFrames reads frames until an error occurs. It reads a frame only after the previous frame was taken.
func readFrames(ctx context.Context, conn *websocket.Conn, frames chan<- frame) error {
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
