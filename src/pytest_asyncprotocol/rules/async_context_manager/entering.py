"""Rules about an entry that fails or is cancelled."""
