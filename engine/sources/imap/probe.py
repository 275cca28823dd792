"""Try a mailbox step by step, for `tocsin doctor`: what works, what does not, and what to do about it."""

from dataclasses import dataclass

from engine.errors import SourceError
from engine.sources.imap.dial import resolve
from engine.sources.imap.mailbox import Mailbox
from engine.sources.imap.office import Office
from engine.sources.imap.session import Session


@dataclass(frozen=True)
class ProbeResult:
    """One step: `what` was tried at `place` (host:port); `why` says how it went, `fix` what to do if it failed."""

    what: str
    place: str
    ok: bool
    why: str
    fix: str = ""


async def probe(account: str, mailbox: Mailbox, *, office: Office | None = None) -> list[ProbeResult]:
    """DNS, connection with TLS, sign-in, and each folder of a mailbox; ends where one fails. Never raises.

    Folders are all tried. The mailbox is opened for reading only.
    """
    own = office or Office()
    try:
        return await _try_steps(mailbox, own)
    except Exception as error:
        return [ProbeResult("mailbox", mailbox.place, False, f"{type(error).__name__}: unexpected", "report this")]
    finally:
        if office is None:
            await own.close()


async def _try_steps(mailbox: Mailbox, office: Office) -> list[ProbeResult]:
    place, results = mailbox.place, list[ProbeResult]()
    host = office.hosts.find(mailbox.host)
    step, session = "name", None
    try:
        found = await resolve(*mailbox.address, office.pace.connect)
        results.append(ProbeResult(step, place, True, ", ".join(sorted({str(address[0]) for _, address in found}))))
        step = "secret"
        secret = await office.read_secret(mailbox)
        step = "connection" if mailbox.tls == "off" else "connection and TLS"
        session = await office.connect(mailbox)
        results.append(ProbeResult(step, place, True, "the server greets"))
        step = "sign-in"
        await office.sign_in(session, host, mailbox, secret)
        how = "the server tells of new mail (IDLE)" if session.can_idle else "no IDLE: we look now and then"
        results.append(ProbeResult(step, place, True, how))
        results += [await _try_folder(mailbox, office, session, folder) for folder in mailbox.folders]
    except SourceError as error:
        results.append(ProbeResult(step, place, False, error.message, error.remedy))
    finally:
        if session is not None:
            session.close()
    return results


async def _try_folder(mailbox: Mailbox, office: Office, session: Session, folder: str) -> ProbeResult:
    what = f"folder {folder}"
    try:
        seen = await office.work(session, office.hosts.find(mailbox.host), session.examine, folder)
    except SourceError as error:
        return ProbeResult(what, mailbox.place, False, error.message, error.remedy)
    return ProbeResult(what, mailbox.place, True, f"{seen.exists} mails")
