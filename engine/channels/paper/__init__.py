"""Pages of A4 that a fax machine reads well; the only door to reportlab and pypdf, which the extra `fax` brings."""
