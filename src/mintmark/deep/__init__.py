"""Networks: the one loop that trains them all. The only room that imports torch at a module's top."""
