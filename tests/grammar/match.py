"""Whether bytes are of a rule of a grammar that the package `abnf` has read.

The package's own parser builds every tree that fits: of a text of 16 KiB, in half a minute and 2 GiB. Here only places are
kept, and all that are possible at once, so that nothing is tried twice. Of shorter cases both must say the same.
"""

from abnf import ParseError
from abnf.parser import Alternation, Concatenation, Literal, Option, Repetition, Rule

# The longest case that the package's own parser is asked about too, in bytes.
COMPARED_MAX = 1000


def fits(rule, case):
    """Whether all of `case` is of the rule: each byte is a character of the grammar."""
    text = case.decode("latin-1")
    found = len(text) in ends(rule, text, {0})
    if len(text) <= COMPARED_MAX:
        assert found == parses(rule, text), f"the parsers disagree: {rule.name}, {text!r}"
    return found


def parses(rule, text):
    """Whether the package's own parser accepts a text."""
    try:
        rule.parse_all(text)
    except ParseError:
        return False
    return True


def ends(part, text, starts):
    """The places at which a part of the grammar can end that begins at one of the places `starts`."""
    if not starts:
        return set()
    match part:
        case Rule():
            return ends(part.definition, text, starts)
        case Alternation():
            return set().union(*(ends(each, text, starts) for each in part.parsers))
        case Concatenation():
            for each in part.parsers:
                starts = ends(each, text, starts)
            return starts
        case Option():
            return starts | ends(part.alternation, text, starts)
        case Repetition():
            return repeated(part, text, starts)
        case Literal():
            return literal(part, text, starts)
    raise TypeError(f"a part of the grammar that is not known here: {part}")


def repeated(part, text, starts):
    """The same for a repetition. A place that was reached already is reached for good, with the fewest repetitions."""
    least, most = part.repeat.min, part.repeat.max
    for _ in range(least):
        starts = ends(part.element, text, starts)
    reached, count = set(starts), least
    while starts and (most is None or count < most):
        starts = ends(part.element, text, starts) - reached
        reached |= starts
        count += 1
    return reached


def literal(part, text, starts):
    """The same for a string, or for one character out of a range."""
    if isinstance(part.value, tuple):
        first, last = part.value
        return {at + 1 for at in starts if at < len(text) and first <= text[at] <= last}
    if part.case_sensitive:
        return {at + len(part.value) for at in starts if text.startswith(part.value, at)}
    value = part.value.lower()
    return {at + len(value) for at in starts if text[at : at + len(value)].lower() == value}
