"""The whole product on one machine: a mailbox, a virtual phone, and a page to play with."""
