"""A chat client that misses no message, with the raw protocol. P10, P53, ... are rules of docs/protocol.md.
PARLEY_TOKEN=... python chat.py        sends each line of standard input; with PARLEY_TO=bob to bob only"""
import asyncio, contextlib, json, os, random, sys, urllib.parse, urllib.request, uuid
import websockets

URL = os.environ.get("PARLEY_URL", "http://localhost:8080")
TOKEN = os.environ["PARLEY_TOKEN"]  # a real client sends a fresh token before this one expires (P6)
TO = os.environ.get("PARLEY_TO", "")  # "" is the public room

cursor, last_id = None, ""  # the position to continue after (save it to survive a restart); the last message shown
pending, socket, failures = {}, None, 0  # unanswered messages by ref, in order; the connection; failed attempts

def show(message):
    """Shows a message once, without control characters. Ids sort as the log does: one at or before the last was shown."""
    global cursor, last_id
    if message["id"] > last_id:
        cursor = last_id = message["id"]
        print(message["from"] + ":", "".join(c if c.isprintable() else "?" for c in message["content"]), flush=True)

def fetch_page(after):
    query = urllib.parse.urlencode({"after": after, "limit": 500})
    request = urllib.request.Request(f"{URL}/sync?{query}", headers={"Authorization": f"Bearer {TOKEN}"})
    with urllib.request.urlopen(request, timeout=15) as response:
        return json.load(response)

async def catch_up():
    """Reads the missed messages (P53). Live ones wait in the socket meanwhile, and `show` drops duplicates."""
    global cursor
    page = {"more": True}
    while page["more"]:
        page = await asyncio.to_thread(fetch_page, cursor)
        for message in page["messages"]: show(message)
        cursor = page["cursor"]

async def on_frame(frame):
    global cursor, failures
    kind, ref = frame["type"], frame.get("ref")
    if kind == "message":
        show(frame)
    elif kind == "ready":
        cursor = cursor or frame["cursor"]  # the first connection starts at this cursor, without earlier messages
        print(f"connected as {frame['user']}", file=sys.stderr, flush=True)
        await catch_up()
        failures = 0
        for text in list(pending.values()):  # sent again under the same ref, so each stays one message (P10)
            await socket.send(text)
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
        except (websockets.ConnectionClosed, OSError) as error:  # OSError: /sync failed
            print(f"connection lost: {error}", file=sys.stderr, flush=True)
            asked = int((getattr(error, "headers", None) or {}).get("Retry-After") or 0)
            await socket.close()
        if (socket.close_code or 0) >= 4500: return sender.cancel()  # the server forbids reconnecting (P40)
        failures += 1  # wait longer each time, at random, and as long as the server asks for (P55)
        await asyncio.sleep(asked + random.uniform(0.25, 0.5) * min(2**failures, 60))

asyncio.run(main())
