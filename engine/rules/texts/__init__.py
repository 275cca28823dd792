"""What stands in a rule's `text`: its fields, their forms, and the words of five languages."""
