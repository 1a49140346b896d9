"""The closed lists: every term that a record may carry, with its meaning.

`schemas/taxonomy.json` is generated from here (`make schemas`) and a test holds the two together. A list may
grow; a term is never renamed and never changes its meaning.
"""

from pipeline.model.remark_terms import RemarkRule
from pipeline.model.term import Term
from pipeline.model.watch_terms import ObservationState, TaskOutcome, TaskReason, TaskState, TaskStep, Watched


class Activity(Term):
    """What happened. A provision may name a term or a whole group."""

    EXPLOSION = "explosion", "an explosion, its origin undetermined", "fire"
    IMPACT = "impact", "a round or munition that struck", "fire"
    OUTGOING_FIRE = "outgoing_fire", "a weapon that fired, placed where it stood", "fire"
    PROJECTILE = "projectile", "a projectile in flight", "fire"
    MUZZLE_FLASH = "muzzle_flash", "a muzzle flash, placed where it was seen", "fire"
    SHOT = "shot", "shots", "fire"
    BURST = "burst", "bursts of automatic fire", "fire"
    SHELLING = "shelling", "indirect fire as a bombardment", "fire"
    ARMED_CLASH = "armed_clash", "armed force between two sides, its form not said", "fire"
    AIR_STRIKE = "air_strike", "munitions released from a crewed aircraft", "fire"
    DRONE_STRIKE = "drone_strike", "munitions released from, or carried by, an uncrewed aircraft", "fire"
    MISSILE_STRIKE = "missile_strike", "a guided missile that struck", "fire"
    LIVE_FIRE_TRAINING = "live_fire_training", "firing at a range, said to be training", "training"
    FLIGHT = "flight", "an aircraft, drone or balloon in the air", "flight"
    WEAPON_PRESENCE = "weapon_presence", "weapons seen standing or stored", "presence"
    TROOP_PRESENCE = "troop_presence", "armed forces present", "presence"
    MOVEMENT = "movement", "forces or weapons on the move", "presence"
    POSITION = "position", "a position, trench or obstacle built or held", "presence"
    CROSSING = "crossing", "a line crossed by forces or weapons", "presence"
    MINE_LAYING = "mine_laying", "mines laid", "mines"
    MINE_EXPLOSION = "mine_explosion", "a mine or unexploded munition that went off", "mines"
    JAMMING = "jamming", "a monitor's sensor, link or navigation jammed", "interference"
    DENIAL_OF_ACCESS = "denial_of_access", "a monitor refused passage or view", "interference"
    DAMAGE_TO_MONITOR = "damage_to_monitor", "a monitor's sensor, vehicle or drone damaged or shot at", "interference"
    ATTACK_ON_CIVILIANS = "attack_on_civilians", "armed force used on civilians", "harm"
    DETENTION = "detention", "persons detained or abducted", "harm"
    FLARE = "flare", "an illumination flare", "light"
    HEAT = "heat", "a thermal anomaly: evidence, never by itself a violation", "evidence"
    STATEMENT = "statement", "words: a claim, a threat, an announcement", "speech"
    COORDINATION = "coordination", "the mechanism by which the sides coordinate was called on", "speech"
    NOTIFICATION = "notification", "an activity announced; time and place are those of what is announced", "speech"
    OTHER = "other", "something that no other term names", "other"
    UNKNOWN = "unknown", "the source does not say what", "unknown"


class Weapon(Term):
    """A weapon type. Type comes before calibre: a 120 mm mortar is a mortar and no artillery."""

    ARTILLERY = "artillery", "guns and howitzers, towed or self-propelled", "heavy"
    MORTAR = "mortar", "mortars", "heavy"
    MULTIPLE_ROCKET_LAUNCHER = "multiple_rocket_launcher", "multiple-launch rocket systems", "heavy"
    LONG_RANGE_ROCKET_LAUNCHER = (
        "long_range_rocket_launcher",
        "heavy rocket systems that an agreement names apart (Tornado-S, Uragan, Smerch)",
        "heavy",
    )
    TACTICAL_MISSILE = "tactical_missile", "surface-to-surface tactical missiles (Tochka)", "heavy"
    BALLISTIC_MISSILE = "ballistic_missile", "ballistic missiles of longer range", "heavy"
    CRUISE_MISSILE = "cruise_missile", "cruise missiles", "heavy"
    SURFACE_TO_AIR_MISSILE = "surface_to_air_missile", "air-defence missile systems", "heavy"
    ANTI_AIRCRAFT_GUN = "anti_aircraft_gun", "anti-aircraft guns", "heavy"
    TANK = "tank", "main battle tanks", "heavy"
    ARMOURED_VEHICLE = "armoured_vehicle", "infantry fighting vehicles and armoured carriers", "armour"
    ANTI_TANK_WEAPON = "anti_tank_weapon", "anti-tank guns and guided missiles", "infantry"
    GRENADE_LAUNCHER = "grenade_launcher", "grenade launchers", "infantry"
    HEAVY_MACHINE_GUN = "heavy_machine_gun", "heavy machine guns", "infantry"
    SMALL_ARMS = "small_arms", "rifles, light machine guns, sniper fire", "infantry"
    AIR_BOMB = "air_bomb", "bombs released from aircraft", "air"
    FIXED_WING = "fixed_wing", "crewed fixed-wing aircraft", "aircraft"
    ROTARY_WING = "rotary_wing", "helicopters", "aircraft"
    UAV = "uav", "uncrewed aircraft", "aircraft"
    BALLOON = "balloon", "balloons and aerostats", "aircraft"
    MINE = "mine", "mines", "explosive"
    IMPROVISED_EXPLOSIVE = "improvised_explosive", "improvised explosive devices", "explosive"
    ELECTRONIC_WARFARE = "electronic_warfare", "jammers", "electronic"
    UNKNOWN = "unknown", "the source does not say which weapon", "unknown"


class CountUnit(Term):
    """What a count counts. Counts of unlike units are never added."""

    EXPLOSION = "explosion", "explosions"
    PROJECTILE = "projectile", "projectiles in flight"
    FLASH = "flash", "muzzle flashes"
    FLARE = "flare", "illumination flares"
    SHOT = "shot", "single shots"
    BURST = "burst", "bursts"
    ROUND = "round", "rounds fired or landed"
    WEAPON = "weapon", "weapons"
    VEHICLE = "vehicle", "vehicles"
    PERSON = "person", "persons"
    FATALITY = "fatality", "persons killed"
    AIRCRAFT = "aircraft", "aircraft, drones, balloons"
    POSITION = "position", "positions"
    EVENT = "event", "events, as the source counts them"


class Basis(Term):
    """What an attribution rests on. The monitor makes none of its own."""

    OBSERVED = "observed", "the author saw who did it"
    ADMISSION = "admission", "the party said so itself"
    STATEMENT = "statement", "somebody said so"
    CODED = "coded", "a data set's coding of the actors"
    INFERENCE = "inference", "the author's inference"


class Severity(Term):
    """How grave a breach of the provision is, as the agreement's data says."""

    MINOR = "minor", "a breach of form or of small consequence"
    SERIOUS = "serious", "a breach that endangers the ceasefire's working"
    GRAVE = "grave", "a breach that endangers lives or the ceasefire itself"


class Status(Term):
    """Where an alert stands between allegation and outcome."""

    ALLEGED = "alleged", "reported; nothing more is known"
    CORROBORATED = "corroborated", "seen by independent observers"
    UNDER_VERIFICATION = "under_verification", "somebody was asked to find out"
    CONFIRMED = "confirmed", "found to be a violation"
    NOT_A_VIOLATION = "not_a_violation", "found to have happened, and to be none"
    REFUTED = "refuted", "found not to have happened"
    SUPERSEDED = "superseded", "no longer in the current view; another may stand for it"


class Standing(Term):
    """Whether an alert is put before people or kept for who asks."""

    RAISED = "raised", "probability from the agreement's threshold (0.5 unless it sets one) up"
    POSSIBLE = "possible", "probability from 0.05 up, or capped by a doubt: kept, listed on request, never pushed"


class Verdict(Term):
    """Whether a report lies in a zone."""

    INSIDE = "inside", "probability at least 0.95"
    OUTSIDE = "outside", "probability at most 0.05"
    INDETERMINATE = "indeterminate", "between the two"


class Side(Term):
    """Where a place lies, seen along an oriented line."""

    LEFT = "left", "left of the line; offsets are negative"
    RIGHT = "right", "right of the line; offsets are positive"
    ON = "on", "within half a metre of the line"
    BEYOND = "beyond", "past the end of an open line, where no offset zone holds"


class Compliance(Term):
    """How a provision that remembers stands on a day."""

    KEPT = "kept", "what is in the record breaks nothing"
    BROKEN = "broken", "what is in the record breaks it"
    INDETERMINATE = "indeterminate", "what is in the record leaves open whether it is broken"
    PENDING = "pending", "it is not yet due"
    CALLED_FOR = "called_for", "it watches other provisions, and calls for a person: by itself that is no breach"


class Whereabouts(Term):
    """Where a weapon of an inventory is, as monitors of a withdrawal tell it."""

    IN_VIOLATION = "in_violation", "within the zones that it was to leave"
    BEYOND_LINE_OUTSIDE_STORAGE = "beyond_line_outside_storage", "out of the zones, and not where it is to be kept"
    IN_STORAGE = "in_storage", "where it is to be kept"
    NOT_VERIFIED = "not_verified", "not seen since the date: it could not be verified as withdrawn"


class Reason(Term):
    """Why an alert exists: the kind of provision that looks broken."""

    PROHIBITED_ACTIVITY = "prohibited_activity", "an activity in a zone where the agreement forbids it"
    WITHIN_WITHDRAWAL_DISTANCE = (
        "within_withdrawal_distance",
        "a weapon class or troops nearer to the line than the agreement allows",
    )
    PROHIBITED_FLIGHT = "prohibited_flight", "a flight where the agreement forbids that kind of aircraft"
    STOCK_ABOVE_CEILING = "stock_above_ceiling", "more weapons or persons of a class in an area than it may hold"
    WITHDRAWAL_OVERDUE = "withdrawal_overdue", "what was to be out of a zone by a date, seen there after it"
    RETURN_FIRE_UNCOORDINATED = (
        "return_fire_uncoordinated",
        "fire that answers fire, with no record that the coordination mechanism was called on first",
    )
    LINE_CROSSED = "line_crossed", "a line crossed by what may not cross it, or not that way"
    ESCALATION = "escalation", "more findings in a sector than were to be expected"
    CONSULTATION_DUE = "consultation_due", "a threshold at which violations are put before a person"
    STANDING_VIOLATION = "standing_violation", "what is forbidden as long as it lasts, such as a position built"


class Doubt(Term):
    """Why an alert is not more certain."""

    PLACE_STRADDLES = "place_straddles", "the footprint lies partly outside the zone"
    PLACE_BROAD = "place_broad", "the footprint is above 500 km² or larger than the zone; at most possible"
    LINE_ACCURACY = "line_accuracy", "the footprint is nearer to the zone's edge than the line's stated accuracy"
    LINE_OF_ANOTHER_TIME = "line_of_another_time", "the line is drawn as of another time; the side may be another"
    LINE_DISPUTED = "line_disputed", "the parties do not agree where the line runs, or nothing marks it on the ground"
    SHAPE_OF_ANOTHER_DAY = (
        "shape_of_another_day",
        "the zone's shape is that of an earlier day, or there is none for part of the time",
    )
    SHAPE_CHANGES = "shape_changes", "the zone's shape changed within the interval, and it matters which holds"
    TIME_STRADDLES = "time_straddles", "part of the interval lies outside the provision's time in force"
    WEAPON_UNCLEAR = "weapon_unclear", "not every weapon that it may have been is covered; at most possible"
    ACTIVITY_UNCLEAR = "activity_unclear", "the source does not say what happened; at most possible"
    SIDE_UNCLEAR = "side_unclear", "the positions before and after leave open whether the line lies between them"
    DIRECTION_UNCLEAR = "direction_unclear", "which way the line was crossed is not said; at most possible"
    DWELL_SHORT = (
        "dwell_short",
        "it is not known to have stayed for as long as the clause asks; at most possible",
    )
    FORM_UNSAID = "form_unsaid", "armed force was used, and the source does not say in which form"
    ATTRIBUTION_NEEDED = (
        "attribution_needed",
        "the clause binds some parties only, and no claim names one of them; at most possible",
    )
    COUNT_INDETERMINATE = (
        "count_indeterminate",
        "what was counted leaves open whether the ceiling is exceeded; at most possible",
    )
    COORDINATION_UNRECORDED = (
        "coordination_unrecorded",
        "that no call on the coordination mechanism is in the record does not show that there was none",
    )
    EFFORT_UNKNOWN = (
        "effort_unknown",
        "how much was watched is not known: more observers look like more violations",
    )
    EFFORT_UNEVEN = (
        "effort_uneven",
        "much less or more was watched than before: all rests on how well that is known",
    )
    EXCEPTION_MAY_APPLY = "exception_may_apply", "an exception covers part of the time or place"
    SINGLE_REPORT = "single_report", "one report, or copies of one, not corroborated"
    PARTY_CLAIM = "party_claim", "only a party to the agreement says so"
    READING_DISPUTED = "reading_disputed", "the parties read this clause differently"
    OUTCOME_CONTRADICTED = (
        "outcome_contradicted",
        "what came since speaks against the recorded outcome",
    )
    OUTCOMES_DIFFER = "outcomes_differ", "operators recorded different outcomes of what is one alert now"
    EVIDENCE_GONE = "evidence_gone", "no report supports it any longer; it stands by what an operator recorded"
    SPLIT_BY_OPERATOR = (
        "split_by_operator",
        "an operator told its reports apart; place and probability are those of the incident as a whole",
    )


class Change(Term):
    """Why an alert has a further revision: the reason of a transition."""

    REPORTED = "reported", "the reports in hand raise it"
    EVIDENCE_CHANGED = "evidence_changed", "reports were added, corrected or withdrawn"
    EVIDENCE_WITHDRAWN = "evidence_withdrawn", "no report supports it any longer"
    AGREEMENT_CHANGED = "agreement_changed", "the agreement's data was changed and everything was judged anew"
    CORE_CHANGED = "core_changed", "the monitor's own rules or parameters were changed and everything was judged anew"
    ACKNOWLEDGED = "acknowledged", "an operator has seen it", "operator"
    ASSIGNED = "assigned", "an operator gave it to somebody, or took it back", "operator"
    COMMENTED = "commented", "an operator added a remark", "operator"
    VERIFICATION_REQUESTED = "verification_requested", "somebody was asked to find out", "operator"
    OUTCOME_RECORDED = "outcome_recorded", "an operator recorded what was found", "operator"
    ATTRIBUTED = "attributed", "an operator recorded a claim of who did it", "operator"
    MARKED_DUPLICATE = "marked_duplicate", "an operator found that another alert tells of the same", "operator"
    SPLIT = "split", "an operator found that its reports tell of two incidents", "operator"
    RESPONDED = "responded", "a party's response was recorded", "operator"
    SEALED = "sealed", "a part of its reports was sealed", "operator"
    REOPENED = "reopened", "an operator opened it again", "operator"


class ActionKind(Term):
    """What an operator may do with an alert."""

    ACKNOWLEDGE = "acknowledge", "says that somebody has seen it and looks after it"
    ASSIGN = "assign", "gives it to somebody; to nobody takes it back"
    COMMENT = "comment", "adds a remark"
    VERIFY = "verify", "asks somebody to find out"
    OUTCOME = "outcome", "records what was found"
    ATTRIBUTE = "attribute", "records a claim of who did it: by whom, on what basis, how confident"
    DUPLICATE = "duplicate", "says that another alert tells of the same"
    SPLIT = "split", "says that some of its reports tell of another incident"
    RESPOND = "respond", "records a party's response, which stands beside the evidence"
    SEAL = "seal", "takes the words, the observer and the address of its reports out of the record for good"
    REOPEN = "reopen", "opens it again"


class ActionReason(Term):
    """Why an operator did what he did; the group is the action, or for an outcome the outcome, that it goes with."""

    SECOND_SOURCE_NEEDED = "second_source_needed", "one origin alone says so", "verify"
    PLACE_UNCERTAIN = "place_uncertain", "where it was decides whether it is forbidden", "verify"
    WEAPON_UNCERTAIN = "weapon_uncertain", "which weapon it was decides whether it is forbidden", "verify"
    DISPUTED = "disputed", "a party says otherwise", "verify"
    INSPECTED = "inspected", "a team inspected the place", "confirmed"
    IMAGERY = "imagery", "it is seen on imagery", "confirmed"
    RECORDING = "recording", "a sensor recorded it", "confirmed"
    ADMITTED = "admitted", "a party has said so of itself", "confirmed"
    SOURCES_AGREE = "sources_agree", "independent sources agree", "confirmed"
    EXCEPTION_APPLIES = "exception_applies", "an exception of the agreement covers it", "not_a_violation"
    OUTSIDE_THE_ZONE = "outside_the_zone", "it was elsewhere than reported", "not_a_violation"
    PERMITTED = "permitted", "what it was is not forbidden", "not_a_violation"
    NOTIFIED = "notified", "it had been notified as the agreement asks", "not_a_violation"
    NOTHING_FOUND = "nothing_found", "who looked found nothing", "refuted"
    OTHER_CAUSE = "other_cause", "it was something else: thunder, quarry work, a fire", "refuted"
    SENSOR_FAULT = "sensor_fault", "the sensor was at fault", "refuted"
    REPORT_UNTRUE = "report_untrue", "the source took it back or was shown to be wrong", "refuted"
    SAME_INCIDENT = "same_incident", "both tell of one incident", "duplicate"
    SEPARATE_INCIDENTS = "separate_incidents", "its reports tell of more than one incident", "split"
    WITNESS_PROTECTION = "witness_protection", "whoever saw it could be endangered", "seal"
    PERSONAL_DATA = "personal_data", "it tells of a private person", "seal"
    SOURCE_REQUEST = "source_request", "the source asked for it", "seal"
    NEW_EVIDENCE = "new_evidence", "there is evidence that was not there before", "reopen"
    RECORDED_IN_ERROR = "recorded_in_error", "what was recorded was a slip", "reopen"
    RESPONSE_RECEIVED = "response_received", "a party's response gives cause to look again", "reopen"
    VERIFICATION_IMPOSSIBLE = "verification_impossible", "it could not be found out", "reopen"


class PartyResponse(Term):
    """What a party says to an alert. It stands beside the evidence and changes none of it."""

    DENY = "deny", "the party says that it did not happen, or not so"
    EXPLAIN = "explain", "the party says what it was"
    CLAIM_EXCEPTION = "claim_exception", "the party says that an exception of the agreement covers it"


class Confidence(Term):
    """How sure the author of a claim is of it."""

    LOW = "low", "possible; little speaks for it"
    MODERATE = "moderate", "likely; credible, and not beyond doubt"
    HIGH = "high", "hardly any doubt is left"


class RejectReason(Term):
    """Why a row could not be read. A rejected row is kept with its bytes."""

    NOT_JSON = "not_json", "the line is no JSON object"
    BAD_ENCODING = "bad_encoding", "the bytes are not UTF-8"
    TOO_LONG = "too_long", "the row is longer than the limit"
    BAD_ROW = "bad_row", "the row does not have the table's columns"
    MISSING = "missing", "a required field is absent or empty"
    BAD_VALUE = "bad_value", "a field cannot be read as what it should be"
    UNKNOWN_TERM = "unknown_term", "a field has a term that is not in the taxonomy"
    BAD_TIME = "bad_time", "a time cannot be read, or has no zone"
    TIME_OUT_OF_RANGE = "time_out_of_range", "a time before 1900 or after 2100"
    END_BEFORE_START = "end_before_start", "the interval ends before it starts"
    COORDINATES_OUT_OF_RANGE = "coordinates_out_of_range", "longitude beyond ±180 or latitude beyond ±90"
    COORDINATES_SWAPPED = "coordinates_swapped", "longitude and latitude look exchanged"
    NULL_ISLAND = "null_island", "the place is 0, 0: a default, not a place"
    CONTRADICTS_NAMED_PLACE = "contradicts_named_place", "the coordinates lie far outside the place that the row names"
    BAD_GEOMETRY = "bad_geometry", "the area is no valid polygon"
    UNKNOWN_AREA = "unknown_area", "the named area is not in the gazetteer"
    BAD_ID = "bad_id", "the report id does not begin with the source's name and a colon"
    BAD_REVISION = "bad_revision", "a revision names itself or another source's report"
    TORN_INPUT = "torn_input", "the input breaks off"
    REFUSED = "refused", "an operator's act that cannot be done with the alert as it stands"
    FAILED = "failed", "judging it failed: a fault of Truceline's own, which its log tells of"


LISTS: dict[str, type[Term]] = {
    "activities": Activity,
    "weapons": Weapon,
    "count_units": CountUnit,
    "bases": Basis,
    "severities": Severity,
    "statuses": Status,
    "standings": Standing,
    "verdicts": Verdict,
    "sides": Side,
    "compliances": Compliance,
    "whereabouts": Whereabouts,
    "reasons": Reason,
    "doubts": Doubt,
    "changes": Change,
    "actions": ActionKind,
    "action_reasons": ActionReason,
    "responses": PartyResponse,
    "confidences": Confidence,
    "reject_reasons": RejectReason,
    "remark_rules": RemarkRule,
    "observation_states": ObservationState,
    "watched": Watched,
    "task_steps": TaskStep,
    "task_states": TaskState,
    "task_outcomes": TaskOutcome,
    "task_reasons": TaskReason,
}
"""Every closed list by its name in `schemas/taxonomy.json`."""
