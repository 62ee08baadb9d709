"""The loops that checks run on: libraries, the virtual clock, the watchdog, records."""
