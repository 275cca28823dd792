"""SMPP 3.4: the protocol that operators speak. Our own client, because those there are lose count or receipts.

`pdu.py`, `tlv.py`, `short_message.py`, `encoding.py` and `split.py` are bytes in and out; `link.py` is one
connection, `session.py` keeps one standing, `window.py` slows down; `receipts.py`, `following.py` and `inbound.py`
read what comes back; `driver.py` is the provider.
"""
