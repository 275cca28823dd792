"""Calendars become occasions: feeds are fetched, split by appointment, and only what changed is expanded."""
