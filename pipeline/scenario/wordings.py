"""How posts are worded: a few templates, so that words alone tell nobody what belongs together."""

FIRST_HAND = (
    "{what} near {where}, {when}",
    "{when}: {what} near {where}",
    "People near {where} tell of {what} in the {when}",
    "{what} at {where} this {when}",
)
RETOLD = (
    "Others report {what} near {where}, {when}",
    "We are told: {what}, {where}, {when}",
    "It is said that there was {what} near {where} in the {when}",
)
WORDINGS = FIRST_HAND + RETOLD
"""What `Sightings.wording` counts."""
