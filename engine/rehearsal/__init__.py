"""What would be sent, found out without sending: the same rules, roads, prices and gates, and nothing that lasts."""
