"""A chat client that misses no message, with the raw protocol. P10, P53, ... are rules of docs/protocol.md.
PARLEY_TOKEN=... python chat.py        sends each line of standard input; with PARLEY_TO=bob to bob only"""
import asyncio, contextlib, http.client, json, os, random, sys, urllib.parse, urllib.request, uuid
import websockets

URL = os.environ.get("PARLEY_URL", "http://localhost:8080")
TOKEN = os.environ["PARLEY_TOKEN"]  # a real client sends a fresh token before this one expires (P6)
TO = os.environ.get("PARLEY_TO", "")  # "" is the public room
cursor, last_id = None, ""  # the position to continue after (save it to survive a restart); the last message shown
pending, socket, failures = {}, None, 0  # unanswered messages by ref, in order; the connection; failed attempts

def position(entry):  # a change has an id of its own, as a frame and in /sync (P74, P75)
    return entry["change"] if entry.get("type") in ("edited", "deleted") else entry["id"]

def show(entry):
    """Shows a message or a change of one, once. Ids sort as the log does: up to the last one, all was shown already."""
    global cursor, last_id
    if position(entry) > last_id:
        cursor = last_id = position(entry)
        message = entry.get("message", entry)  # a change in /sync has the message as it is now
        what = next((word for word in ("deleted", "edited") if entry.get("type") == word or message.get(word)), "")
        text = "".join(c if c.isprintable() else "?" for c in message.get("content", ""))  # others wrote it
        print(f"{message['from']}{what and f' ({what})'}: {text}", flush=True)

def fetch_page(after):
    url = f"{URL}/sync?limit=500&after={urllib.parse.quote(after)}"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {TOKEN}"})
    with urllib.request.urlopen(request, timeout=15) as response: return json.load(response)

async def catch_up():  # reads what was missed (P53); live frames wait in the socket meanwhile
    global cursor
    page = {"more": True}
    while page["more"]:
        page = await asyncio.to_thread(fetch_page, cursor)
        for entry in sorted(page["messages"] + page["changes"], key=position): show(entry)
        cursor = page["cursor"]

async def on_frame(frame):
    global cursor, failures
    kind, ref = frame["type"], frame.get("ref")
    if kind in ("message", "edited", "deleted"): show(frame)
    elif kind == "ready":
        cursor = cursor or frame["cursor"]  # the first connection starts at this cursor, without earlier messages
        print(f"connected as {frame['user']}", file=sys.stderr, flush=True)
        await catch_up()
        failures = 0
        for text in list(pending.values()): await socket.send(text)  # under the same ref: it stays one message (P10)
    elif kind == "sync": await catch_up()  # the server can't fill a hole in the live messages (P23)
    elif ref in pending and frame.get("temporary"):  # a temporary error: retry under the same ref (P31)
        await asyncio.sleep(frame.get("retryAfterMs", 1000) / 1000)
        await socket.send(pending[ref])
    elif ref in pending:  # an ack, or a permanent error
        outcome = "kept" if kind == "ack" else f"refused ({frame['code']})"
        print(f"{outcome}: {json.loads(pending.pop(ref))['content']}", flush=True)

async def send_lines():
    while line := (await asyncio.to_thread(sys.stdin.readline)).rstrip("\n"):
        ref = str(uuid.uuid4())
        pending[ref] = json.dumps({"to": TO, "content": line, "ref": ref})
        with contextlib.suppress(websockets.ConnectionClosed, AttributeError):  # if not connected: after `ready`
            await socket.send(pending[ref])

async def main():
    global socket, failures
    sender = asyncio.create_task(send_lines())
    address, protocols = f"ws{URL[4:]}/ws", ["chat.v1", f"bearer.{TOKEN}"]
    async for socket in websockets.connect(address, subprotocols=protocols, ping_interval=10):  # detects a dead link
        asked = 0
        try:
            async for text in socket:
                await on_frame(json.loads(text))
        except (websockets.ConnectionClosed, OSError, ValueError, http.client.HTTPException) as error:  # or /sync failed
            print(f"connection lost: {error}", file=sys.stderr, flush=True)
            asked = int((getattr(error, "headers", None) or {}).get("Retry-After") or 0)
            await socket.close()
        if (socket.close_code or 0) >= 4500: return sender.cancel()  # the server forbids reconnecting (P40)
        failures += 1  # wait longer each time, at random, and as long as the server asks for (P55)
        await asyncio.sleep(asked + random.uniform(0.25, 0.5) * min(2**failures, 60))

asyncio.run(main())
