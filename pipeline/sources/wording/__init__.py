"""Small rules that read words: places, times, counts, weapons. Pure functions; none of them ever raises for a text.

Each gives a `Reading`: what it made of the words, by which rule, and whether that is in doubt. What no rule reads is
`words_unread`, and as broad as that.
"""
