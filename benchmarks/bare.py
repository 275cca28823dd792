"""The peer of the line's latency: what one would write in an hour. IDLE, fetch, post; no store, no retry, no reason.

python -m benchmarks.bare HOST PORT USER PHONE_URL
"""

import http.client
import json
import select
import sys
from email import message_from_bytes
from urllib.parse import urlsplit

from imapclient import IMAPClient


def main(host: str, port: int, user: str, phone: str) -> None:
    """Post every new mail's subject to the phone, until killed."""
    client = IMAPClient(host, port, ssl=False)
    client.login(user, "secret")
    last = client.select_folder("INBOX", readonly=True)[b"UIDNEXT"] - 1
    print("ready", flush=True)
    address = urlsplit(phone)
    while True:
        for uid in sorted(uid for uid in client.search(["UID", f"{last + 1}:*"]) if uid > last):
            mail = message_from_bytes(client.fetch([uid], ["BODY.PEEK[]"])[uid][b"BODY[]"])
            post = http.client.HTTPConnection(address.hostname or "", address.port)
            body = {
                "ref": f"bare-{uid}",
                "to": "+32470000002",
                "channel": "sms",
                "text": mail["Subject"],
                "from": "bare",
            }
            post.request(
                "POST", "/send", json.dumps(body | {"class": "opaque"}), {"Content-Type": "application/json"}
            )
            assert post.getresponse().status == 200
            post.close()
            last = uid
        client.idle()
        # idle_check() would be the obvious call, but a line that comes in two pieces kills it.
        select.select([client.socket()], [], [], 1.0)
        client.idle_done()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4])
