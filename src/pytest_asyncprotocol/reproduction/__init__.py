"""A stand-alone script for each violation, which shows it without the checker."""
