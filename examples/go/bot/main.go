// A bot that answers private messages, from the feed (P63). Needs only Go's standard library.
// PARLEY_TOKEN=... go run ./bot        the token's user is BOT_NAME, and it has the scope history:all
package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"log"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"
)

var (
	base       = cmp.Or(os.Getenv("PARLEY_URL"), "http://localhost:8080")
	token      = os.Getenv("PARLEY_TOKEN")
	name       = cmp.Or(os.Getenv("BOT_NAME"), "bot")
	cursorFile = cmp.Or(os.Getenv("CURSOR_FILE"), "bot.cursor")
	controls   = regexp.MustCompile(`\p{Cc}`) // a terminal acts on these, and others write the messages
)

type page struct {
	Entries []entry
	Cursor  string
}

type entry struct {
	Type, ID string
	Message  struct {
		From, To, Content string
		Deleted           bool
	}
}

func main() {
	saved, _ := os.ReadFile(cursorFile) // missing at the first start
	cursor := strings.TrimSpace(string(saved))
	last, query := cursor, url.Values{}
	if cursor == "" { // the bot begins now, not with all earlier messages (P64)
		query.Set("since", time.Now().UTC().Format(time.RFC3339Nano))
	}
	for {
		if cursor != "" {
			query = url.Values{"after": {cursor}, "wait": {"25"}}
		}
		var got page
		if status := request("GET", "/feed?"+query.Encode(), nil, &got); status != 200 {
			log.Fatalf("the feed was refused: %d", status)
		}
		for _, each := range got.Entries {
			if each.ID > last { // after a lost log the feed starts again (L3)
				answer(each)
				last = each.ID
			}
		}
		if cursor == "" {
			log.Print("ready")
		}
		if cursor != got.Cursor {
			save(got.Cursor) // after the entries are handled: each is handled at least once
		}
		cursor = got.Cursor
	}
}

func answer(each entry) {
	message := each.Message
	if each.Type != "message" || message.To != name || message.From == name || message.Deleted {
		return
	}
	// The ref makes the answer the same message if this entry is handled once more (P10).
	body, _ := json.Marshal(map[string]string{"to": message.From, "content": "You said: " + message.Content, "ref": "bot-" + each.ID})
	if status := request("POST", "/send", body, nil); status != 200 { // such as an answer that is too long: leave it out
		log.Printf("not answered (%d): %s", status, each.ID)
		return
	}
	fmt.Printf("answered %s: %s\n", message.From, controls.ReplaceAllString(message.Content, "?"))
}

func save(cursor string) {
	if err := os.WriteFile(cursorFile+".new", []byte(cursor), 0o600); err != nil {
		log.Fatal(err)
	}
	if err := os.Rename(cursorFile+".new", cursorFile); err != nil {
		log.Fatal(err)
	}
}
