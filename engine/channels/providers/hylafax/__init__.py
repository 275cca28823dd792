"""Fax by a HylaFAX server of one's own, over the protocol of its hfaxd."""
