"""A bot that answers private messages, from the feed (P63). Needs only Python's standard library.
PARLEY_TOKEN=... python bot.py         the token's user is BOT_NAME, and it has the scope history:all"""
import datetime, http.client, json, os, random, sys, time, urllib.error, urllib.parse, urllib.request

URL = os.environ.get("PARLEY_URL", "http://localhost:8080")
TOKEN = os.environ["PARLEY_TOKEN"]
NAME = os.environ.get("BOT_NAME", "bot")
CURSOR_FILE = os.environ.get("CURSOR_FILE", "bot.cursor")

def request(path, body=None):
    """Sends a request, and repeats it while the server is away or asks to wait (P55, P62)."""
    failures = 0
    while True:
        asked = 0
        try:
            data = body and json.dumps(body).encode()
            headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
            with urllib.request.urlopen(urllib.request.Request(URL + path, data, headers), timeout=40) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            if error.code < 500 and error.code != 429:
                raise  # it would be refused again
            asked = int(error.headers.get("Retry-After") or 0)
            print(f"the server answered {error.code}", file=sys.stderr, flush=True)
        except (OSError, ValueError, http.client.HTTPException) as error:  # not reached, or cut off
            print(f"connection lost: {error}", file=sys.stderr, flush=True)
        failures += 1
        time.sleep(asked + random.uniform(0.25, 0.5) * min(2**failures, 60))

def answer(entry):
    message = entry["message"]
    if entry["type"] != "message" or message["to"] != NAME or message["from"] == NAME or message.get("deleted"):
        return
    # The ref makes the answer the same message if this entry is handled once more (P10).
    try:
        request("/send", {"to": message["from"], "content": f"You said: {message['content']}", "ref": f"bot-{entry['id']}"})
        text = "".join(c if c.isprintable() else "?" for c in message["content"])  # a terminal acts on control characters
        print(f"answered {message['from']}: {text}", flush=True)
    except urllib.error.HTTPError as error:  # such as an answer that is too long: leave it out
        print(f"not answered ({error.code}): {entry['id']}", file=sys.stderr, flush=True)

def read_cursor():
    try:
        with open(CURSOR_FILE) as file:
            return file.read().strip()
    except FileNotFoundError:
        return ""

def save(cursor):
    """Saved after the entries are handled: each is handled at least once."""
    with open(f"{CURSOR_FILE}.new", "w") as file:
        file.write(cursor)
    os.replace(f"{CURSOR_FILE}.new", CURSOR_FILE)

cursor = last = read_cursor()
now = datetime.datetime.now(datetime.timezone.utc).isoformat()
while True:
    # At the first start the bot begins now, not with all earlier messages (P64).
    start = {"after": cursor} if cursor else {"since": now}
    page = request("/feed?" + urllib.parse.urlencode({**start, "wait": 0 if not cursor else 25}))
    for entry in page["entries"]:
        if entry["id"] > last:  # after a lost log the feed starts again (L3)
            answer(entry)
            last = entry["id"]
    if not cursor:
        print("ready", file=sys.stderr, flush=True)
    if page["cursor"] != cursor:
        save(page["cursor"])
    cursor = page["cursor"]
