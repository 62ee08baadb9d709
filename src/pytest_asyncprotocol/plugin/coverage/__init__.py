"""What a package offers of async protocols, and what of it a session checked.

Imported only where ``--asyncprotocol-cov`` asks for it. ``packages`` finds what a package makes
public, ``targets`` what of that implements or returns an async protocol, ``looks`` what can be
said of a class without an object; ``counting`` counts what was checked, ``table`` shows it.
"""
