"""Reports of a whole session as files, and what changed since an earlier one.

Imported only where a report or a comparison is asked for. ``document`` makes the one form that
everything else is written from; the other modules take it and nothing else.
"""
