"""Mailboxes, watched over IMAP (RFC 3501, IDLE: RFC 2177) with one loop and a bounded pool of threads."""
