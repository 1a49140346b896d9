"""The console in a terminal: the same list and the same acts as the page's, over SSH if need be."""
