"""A message goes to a provider; receipts come back."""
