"""Under Faust, never seen by a hop: where the records lie, and the fixes every driver shares."""
