"""Tocsin: mail and appointments that matter are told once, within credit, with the reason for every yes and no.

A tour, in the order in which a mail passes:

1. `engine/agents/line.py` is the line: every hop, what it reads, what it does. The rest is what the hops call.
2. `engine/agents/watch.py` keeps a watcher on every mailbox folder. `engine/sources/imap/watcher.py` idles on the
   server; `engine/sources/imap/session.py` is the only code that knows IMAPClient; `engine/sources/imap/parse.py`
   turns bytes into an `engine/event.py`. `engine/agents/remind.py` does the same for calendars
   (`engine/sources/calendar/watcher.py`); what is due is fired by `engine/agents/fire.py`.
3. `engine/agents/match.py` asks the rules. `engine/rules/evaluate.py` is pure: an event and an account in, an
   `engine/decision.py` out, with an `engine/notification.py` for each yes and the evidence for each no.
4. `engine/agents/route.py` is the channel router. `engine/channels/choose.py` picks road and price,
   `engine/admission/admit.py` asks the gates, and `engine/store/inbox.py` writes the verdict, the reservation in
   `engine/store/ledger.py` and the place in the send queue in one transaction.
5. `engine/agents/send.py` takes messages from `engine/store/send_queue.py`: the attempt is durable first, then the
   provider in `engine/channels/providers/` is called, then `engine/store/attempts.py` applies the answer.
   How each provider fares is `engine/health.py`; what waits for one that is given up goes around it.
6. `engine/web/callbacks.py` takes the provider's delivery reports, `engine/agents/settle.py` applies them. What
   nobody reports on `engine/agents/inquire.py` asks for; `engine/agents/bounces.py` reads bounces in their mailbox. A
   provider that reports over a link of its own, as `engine/channels/providers/smpp/` does, hands them over itself.
7. `engine/agents/wake.py` is the one timer: retries, what was held or collected (`engine/store/waking.py`,
   `engine/store/digests.py`), what goes on by another channel (`engine/store/falling.py`, decided by
   `engine/journey.py`), reminders, agendas. `engine/agents/relay.py` tells the world what became of a message.
8. `engine/web/inbound.py` takes texts from phones, `engine/agents/hear.py` finds whose each is and makes it an event
   (those that come in parts are joined by `engine/part.py`, out of `engine/store/parts.py`); what it asks for by
   itself (STOP) is said by `engine/rules/wish.py` and done by `engine/store/consents.py`; the same click in a mail
   comes to `engine/web/unsubscribe.py`.
9. `engine/agents/obey.py` does what the command line may not; `engine/agents/alarm.py` makes trouble an event;
   `engine/agents/reload.py` takes up changed files.

Under the line: `engine/agents/app.py` carries the topics of `engine/topics.py` by Faust, over
`engine/transport/sqlite.py` on one machine. Above it: `engine/wiring.py` builds everything in one straight
function, `engine/settings/` reads the files, `engine/cli/` is the command `tocsin`.

At the bottom lie the nouns (`engine/account.py`, `engine/message.py`, `engine/receipt.py`, ...) and the words:
every no is a member of `engine/reason.py`. What may import what is checked: `.importlinter`, `tests/house/`.
"""
