"""One module a library, named after it, with an underscore where the name is taken."""
