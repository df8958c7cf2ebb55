"""A client of Parley that misses nothing, with the raw protocol. P10, P53, …: rules of docs/protocol.md.
PARLEY_TOKEN=... python chat.py        each line of standard input is sent; PARLEY_TO=bob: to bob alone"""
import asyncio, json, os, sys, urllib.parse, urllib.request, uuid
import websockets

URL = os.environ.get("PARLEY_URL", "http://localhost:8080")
TOKEN = os.environ["PARLEY_TOKEN"]  # a real client brings a fresh one before it ends (P6)
TO = os.environ.get("PARLEY_TO", "")  # "" is the public room

cursor, last_id = None, ""  # where to go on (keep it in a file to outlive a restart too); the last message shown
pending, socket = {}, None  # by ref, in order, what was typed and has no answer yet; the connection

def show(message):
    """Ids sort as the log does: what does not come after the last one has been shown already."""
    global cursor, last_id
    if message["id"] > last_id:
        cursor = last_id = message["id"]
        print(f"{message['from']}: {message['content']}", flush=True)

def page_after(place):
    query = urllib.parse.urlencode({"after": place, "limit": 500})
    request = urllib.request.Request(f"{URL}/sync?{query}", headers={"Authorization": f"Bearer {TOKEN}"})
    with urllib.request.urlopen(request, timeout=15) as answer:
        return json.load(answer)

async def catch_up():
    """P53. Meanwhile no frame is read, so live messages wait in the socket; `show` drops what comes by both ways."""
    global cursor
    page = {"more": True}
    while page["more"]:
        page = await asyncio.to_thread(page_after, cursor)
        for message in page["messages"]:
            show(message)
        cursor = page["cursor"]

async def on_frame(frame):
    global cursor
    kind, ref = frame["type"], frame.get("ref")
    if kind == "message":
        show(frame)
    elif kind == "ready":
        cursor = cursor or frame["cursor"]  # the first time: from now on, without what was before
        print(f"connected as {frame['user']}", file=sys.stderr, flush=True)
        await catch_up()
        for text in list(pending.values()):  # again under the same ref, so each stays one message (P10)
            await socket.send(text)
    elif kind == "sync":  # P23: the server cannot vouch for what came before
        await catch_up()
    elif ref in pending and frame.get("temporary"):  # P31: an error that may pass: later, under the same ref
        await asyncio.sleep(frame.get("retryAfterMs", 1000) / 1000)
        await socket.send(pending[ref])
    elif ref in pending:  # an ack, or an error for good
        outcome = "kept" if kind == "ack" else f"refused ({frame['code']})"
        print(f"{outcome}: {json.loads(pending.pop(ref))['content']}", flush=True)

async def send_lines():
    while line := (await asyncio.to_thread(sys.stdin.readline)).rstrip("\n"):
        ref = str(uuid.uuid4())
        pending[ref] = json.dumps({"to": TO, "content": line, "ref": ref})
        try:
            await socket.send(pending[ref])
        except (websockets.ConnectionClosed, AttributeError):
            pass  # no connection now: the next `ready` sends it

async def main():
    global socket
    typing = asyncio.create_task(send_lines())
    address, protocols = f"ws{URL[4:]}/ws", ["chat.v1", f"bearer.{TOKEN}"]
    # Connects again and again, with growing pauses; a token that is refused ends it. Its pings find a dead link.
    async for socket in websockets.connect(address, subprotocols=protocols, ping_interval=10):
        try:
            async for text in socket:
                await on_frame(json.loads(text))
        except (websockets.ConnectionClosed, OSError) as error:  # OSError: /sync could not be had
            print(f"connection lost: {error}", file=sys.stderr, flush=True)
        if (socket.close_code or 0) >= 4500:  # P40: do not come back
            return typing.cancel()

asyncio.run(main())
