"""What survives a restart. SQL is the authority: who was told, what it cost, what is still to be done."""
