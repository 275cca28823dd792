"""An event and the rules -> notifications, and the reason for every yes and no. Pure: it answers, it never does."""
