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
        "accepted": "可決",
        "rejected": "否決",
        "majority": "賛成の割合",
        "participation": "定足数（投票者数）",
        "approval": "定足数（賛成数）",
        "met": "満たした",
        "missed": "満たさない",
    },
    "en": {
        "elected": "elected",
        "tie": "tie: decided by lot",
        "blank": "blank",
        "invalid": "invalid",
        "ballots": "ballots",
        "withheld": "not counted, too few ballots to keep votes secret",
        "nothing": "no ballots were counted",
        "accepted": "ACCEPTED",
        "rejected": "REJECTED",
        "majority": "majority",
        "participation": "quorum of participation",
        "approval": "quorum of approval",
        "met": "met",
        "missed": "missed",
    },
    "et": {
        "elected": "valitud",
        "tie": "viik: otsustab liisk",
        "blank": "tühi",
        "invalid": "kehtetu",
        "ballots": "sedeleid",
        "withheld": "lugemata, hääle saladuse hoidmiseks liiga vähe sedeleid",
        "nothing": "ühtegi sedelit ei loetud",
        "accepted": "VASTU VÕETUD",
        "rejected": "TAGASI LÜKATUD",
        "majority": "häälteenamus",
        "participation": "osaluskvoorum",
        "approval": "poolthäälte kvoorum",
        "met": "täidetud",
        "missed": "täitmata",
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
            if votes is not None:
                lines.append(_row(words[word], votes, width, ""))
        lines += _decision(contest, words)
    withheld = [unit for unit in contest.units if unit.status == "withheld"]
    lines += [f"  {unit.unit}: {words['withheld']} ({unit.ballots})" for unit in withheld]
    return lines


def _decision(contest: ContestResult, words: dict[str, str]) -> list[str]:
    """What a referendum decided, and why."""
    decision = contest.decision
    if decision is None:
        return []
    said = {True: words["met"], False: words["missed"]}
    lines = [f"  {words['accepted' if decision.accepted else 'rejected']}"]
    share = f"{decision.yes} / {decision.yes + decision.no}"
    lines.append(f"    {words['majority']}: {share}, {said[decision.majority_met]}")
    if decision.quorum is not None:
        quorum = decision.quorum
        numbers = f"{quorum.reached} / {contest.eligible} (≥ {quorum.needed})"
        lines.append(f"    {words[quorum.of]}: {numbers}, {said[quorum.met]}")
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
