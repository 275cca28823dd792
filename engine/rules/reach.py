"""Who a recipient is at this moment, and by which roads they are reached. An address never comes from a mail."""

from engine.account import Account, Contact
from engine.notification import Channel

#: Stands in a rule for the owner of the account whose event it is.
ME = Contact(id="me")


def who(recipient: Contact, account: Account) -> Contact:
    """The person behind a recipient; what a contact's file leaves out is the account's."""
    if recipient.id == ME.id:
        return Contact(
            id=ME.id,
            name=account.name,
            language=account.language,
            zone=account.zone,
            numbers=account.numbers,
            email=account.email,
            quiet_hours=account.quiet_hours,
        )
    own = {
        name: getattr(account, name) for name in ("language", "zone", "quiet_hours") if not getattr(recipient, name)
    }
    return recipient.model_copy(update=own) if own else recipient


def address(person: Contact, channel: Channel) -> str:
    """Where this person is reached by that channel; empty: not at all."""
    if channel is Channel.EMAIL:
        return person.email
    if channel is Channel.FAX:
        return person.fax
    return person.numbers[0] if person.numbers else ""
