"""The parts that the scripts of violations are assembled from.

They run nothing when they are imported, and import nothing of this package but one another.
Scripts get them without annotations. What differs by library has the same name in `on_asyncio`
and `on_trio`: the other modules import it from the first, a script takes it from its own.
"""
