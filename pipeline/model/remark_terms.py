"""The closed list of what a reader may have done with a source's words; `pipeline.model.taxonomy` lists it too."""

from pipeline.model.term import Term


class RemarkRule(Term):
    """By which rule a reader made a field of a source's words. The group `doubtful`: always in doubt."""

    AS_SAID = "as_said", "kept as the source says it; nothing follows from it"
    RANGE_AND_WINDS = "range_and_winds", "a distance and directions of the sixteen winds, from the observer"
    FROM_A_PLACE = "from_a_place", "a distance and a direction from a named place"
    PART_OF_DAY = "part_of_day", "a part of a day, such as an evening or the night between two days"
    RELATIVE_TIME = "relative_time", "so long before the text was published"
    TIME_NOT_KNOWN = "time_not_known", "the source does not know the time: it may have been at any of its day"
    COUNT_NOT_KNOWN = "count_not_known", "the source does not know how many: at least one"
    COUNT_OPEN = "count_open", "at least so many; no upper bound"
    COUNT_ROUGH = "count_rough", "a rough number, taken as from half to twice as many"
    ONE_OF_SEVERAL = "one_of_several", "the source leaves open which of several it was"
    CENTRE_OF_AN_AREA = (
        "centre_of_an_area",
        "the coordinates are the middle of a region or country: the footprint is all of it",
    )
    PLACES_DIFFER = (
        "places_differ",
        "the named place lies elsewhere than the coordinates: the footprint takes in both",
        "doubtful",
    )
    DATES_DIFFER = "dates_differ", "the source's own dates contradict one another", "doubtful"
    WORDS_UNREAD = "words_unread", "no rule reads these words: the field is as broad as that", "doubtful"
    CODE_DOUBTED = "code_doubted", "the source's code and its figures contradict one another", "doubtful"
