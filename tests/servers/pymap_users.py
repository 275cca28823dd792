"""A script: pymap, a real IMAP server in pure Python, with N users u1 … uN ('secret') in memory.

python pymap_users.py N --host 127.0.0.1 --port 1143 --no-tls dict
"""

import sys
from typing import Any

from pymap.backend.dict import Config, DictBackend, Identity
from pymap.backend.dict.mailbox import MailboxData
from pymap.main import main
from pymap.user import Passwords, UserMetadata
from pysasl.hashing import Cleartext

_wait_and_update = MailboxData.update_selected
_read_arguments = Config.parse_args.__func__


def _parse_args(cls: Any, args: Any) -> Any:
    # The default hash takes 150 ms for each sign-in.
    return {**_read_arguments(cls, args), "hash_context": Cleartext()}


async def _add_users(cls: Any, config: Any, login: Any) -> None:
    secret = await Passwords(config).hash_password("secret")
    for number in range(1, COUNT + 1):
        name = f"u{number}"
        await Identity(name, login, None, frozenset()).set(UserMetadata(config, name, password=secret))


async def _update_selected(self: Any, selected: Any, *, wait_on: Any = None) -> Any:
    # pymap would wait for the next mail although one has come since it looked last: an idling client hears nothing.
    if selected.mod_sequence not in (None, self._mod_sequences.highest):
        wait_on = None
    return await _wait_and_update(self, selected, wait_on=wait_on)


if __name__ == "__main__":
    COUNT = int(sys.argv.pop(1))
    Config.parse_args = classmethod(_parse_args)
    DictBackend._add_demo_user = classmethod(_add_users)
    MailboxData.update_selected = _update_selected
    main()
