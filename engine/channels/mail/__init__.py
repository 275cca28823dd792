"""Mail that we write: composed, signed, handed to a mail server, and what comes back when it cannot be delivered."""
