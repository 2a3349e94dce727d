"""Parses every test vector by the grammar in src/FORMAT.md: vectors.py, run by .ci/grammar.

A valid vector must be of its grammar. An invalid one must not, unless `beyond.txt` names it with the rule that refuses it,
and then it must. Closes with the line `N passed, N failed`.
"""

import base64
import pathlib
import re
import sys

from abnf import GrammarError, ParseError, Rule
from match import fits

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent
VECTORS = ROOT / "tests/vectors"

# The rule of each folder of vectors, where it does not have the folder's name.
RULES = {"vkey": "vkey-file"}
# What is no text, and has no grammar.
BINARY = {"bundle", "proof"}
# The rules about files of which there are no vectors.
OTHERS = {"log-line", "envelope-post"}


class Grammar(Rule):
    """The rules in FORMAT.md."""


def load():
    """Reads the grammar, and makes sure that each rule is defined and that something leads to it."""
    text = (ROOT / "src/FORMAT.md").read_text(encoding="utf-8")
    [grammar] = re.findall(r"^```abnf\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    Grammar.load_grammar(grammar)
    defined = set(re.findall(r"^([\w-]+) +=", grammar, re.MULTILINE))
    plain = re.sub(r';.*|"[^"]*"|%[sx][\w.-]*', "", grammar)
    used = set(re.findall(r"[A-Za-z][\w-]*", re.sub(r"^[\w-]+ +=", "", plain, flags=re.MULTILINE)))
    core = {"ALPHA", "DIGIT", "HEXDIG", "HTAB", "LF", "SP", "VCHAR", "WSP"}
    starts = {rule for folder in folders() for rule in rules(folder)} | OTHERS
    return [f"undefined: {name}" for name in used - defined - core] + [
        f"nothing leads to: {name}" for name in defined - used - starts
    ]


def folders():
    """The formats that are text."""
    return sorted(path.name for path in VECTORS.iterdir() if path.is_dir() and path.name not in BINARY)


def rules(folder):
    """The rules by which the vectors of a folder are parsed."""
    more = {"entry": ["kind", "other-entry"], "slip": ["slip-text"]}
    return [RULES.get(folder, folder), *more.get(folder, [])]


def accepts(folder, case):
    """Whether a case is of its folder's grammar, where two rules come together too."""
    rule = rules(folder)[0]
    if folder == "entry" and not fits(Grammar("kind"), re.split(rb"[ \n]", case)[0]):
        rule = "other-entry"
    if folder == "slip":
        return fits(Grammar("slip"), case) and fits(Grammar("slip-text"), read_brackets(case) + b"\n")
    return fits(Grammar(rule), case)


def read_brackets(text):
    """What a slip says, all of it ASCII, once its brackets are read as in section 8."""
    code_point = lambda digits: chr(int(digits, 16)).encode(errors="surrogatepass")
    form = rb"\[(?:([.@$&\[])|U\+(10[0-9A-F]{4}|[0-9A-F]{4,5}))\]"
    return re.sub(form, lambda found: found[1] or code_point(found[2]), text)


def read(path):
    """What a vector expects, and the bytes of its case."""
    head, _, case = path.read_bytes().partition(b"\n\n")
    headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
    if headers.get("encoding") == "base64":
        case = base64.b64decode(case)
    return headers["expect"], case


def beyond():
    """The vectors that only a rule beyond the grammar refuses, and the rule."""
    lines = (HERE / "beyond.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split(": ", 1) for line in lines if line and not line.startswith("#"))


def faults(listed):
    """What is wrong with each vector: None if nothing."""
    for folder in folders():
        for path in sorted((VECTORS / folder).iterdir()):
            name = f"{folder}/{path.stem}"
            expect, case = read(path)
            accepted = accepts(folder, case)
            if expect == "valid":
                yield None if accepted else f"{name}: valid, and the grammar refuses it"
            elif name in listed:
                yield None if accepted else f"{name}: in beyond.txt, and the grammar itself refuses it"
            else:
                yield f"{name}: invalid, and the grammar accepts it" if accepted else None


def unknown(listed):
    """The vectors that are listed and not there."""
    names = {f"{folder}/{path.stem}" for folder in folders() for path in (VECTORS / folder).iterdir()}
    return [f"{name}: in beyond.txt, and there is no such vector" for name in sorted(listed.keys() - names)]


def main():
    listed = beyond()
    try:
        # A grammar that is not whole says nothing about any vector.
        found = load() or unknown(listed) + list(faults(listed))
    except (GrammarError, ParseError) as error:
        found = [f"the grammar: {error}"]
    failed = [fault for fault in found if fault]
    print("\n".join(failed))
    print(f"{len(found) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed or not found else 0


sys.exit(main())
