"""The results as a table for people, in one of the election's languages."""

from __future__ import annotations

import unicodedata

from tally.documents import ContestResult, Results

WORDS = {
    "ja": {
        "elected": "当選",
        "tie": "同数：くじで決定",
        "blank": "白票",
        "invalid": "無効",
        "ballots": "投票数",
        "withheld": "票が少なく秘密を守れないため開票しない投票区",
        "nothing": "開票した票はありません",
    },
    "en": {
        "elected": "elected",
        "tie": "tie: decided by lot",
        "blank": "blank",
        "invalid": "invalid",
        "ballots": "ballots",
        "withheld": "not counted, too few ballots to keep votes secret",
        "nothing": "no ballots were counted",
    },
    "et": {
        "elected": "valitud",
        "tie": "viik: otsustab liisk",
        "blank": "tühi",
        "invalid": "kehtetu",
        "ballots": "sedeleid",
        "withheld": "lugemata, hääle saladuse hoidmiseks liiga vähe sedeleid",
        "nothing": "ühtegi sedelit ei loetud",
    },
}


def result_lines(results: Results, language: str) -> list[str]:
    """One block for each contest."""
    words = WORDS[language]
    lines: list[str] = []
    for contest in results.contests:
        lines += ["", contest.title[language]]
        lines += _contest(contest, language, words)
    return lines


def _contest(contest: ContestResult, language: str, words: dict[str, str]) -> list[str]:
    lines = []
    if not contest.ballots:
        lines.append(f"  {words['nothing']}")
    else:
        names = [total.name[language] for total in contest.totals]
        width = max(map(_width, [*names, words["blank"], words["invalid"], words["ballots"]]))
        for total, name in zip(contest.totals, names, strict=True):
            lines.append(_row(name, total.votes, width, _mark(contest, total.option, words)))
        for word, votes in (
            ("blank", contest.blank),
            ("invalid", contest.invalid),
            ("ballots", contest.ballots),
        ):
            lines.append(_row(words[word], votes, width, ""))
    withheld = [unit for unit in contest.units if unit.status == "withheld"]
    lines += [f"  {unit.unit}: {words['withheld']} ({unit.ballots})" for unit in withheld]
    return lines


def _mark(contest: ContestResult, option: int, words: dict[str, str]) -> str:
    if option in contest.elected:
        return words["elected"]
    if contest.tie is not None and option in contest.tie.options:
        return words["tie"]
    return ""


def _row(name: str, votes: int, width: int, mark: str) -> str:
    return f"  {name}{' ' * (width - _width(name))}  {votes:>8}  {mark}".rstrip()


def _width(text: str) -> int:
    """Columns at a terminal: East Asian wide characters take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
