"""What stands in a rule's `when`: how it is written, what it is compiled to, and whether it holds."""
