"""What a refusal means for the voter, in each language of the user interfaces."""

from __future__ import annotations

LANGUAGES = ("ja", "en", "et")
_NOT_STORED = {
    "ja": "この投票は保存されていません。",
    "en": "This ballot was not stored.",
    "et": "Seda häält ei salvestatud.",
}
_SENTENCES: dict[str, dict[str, str]] = {
    "accept.grammar": {
        "ja": "投票データの形式が正しくありません。公式の投票画面からもう一度投票してください。",
        "en": "It does not have the form of a ballot. Vote again with the official voting page.",
        "et": "See pole hääle kujul. Hääletage uuesti ametlikul hääletuslehel.",
    },
    "accept.election": {
        "ja": "別の選挙の投票です。投票画面を開き直してください。",
        "en": "It is for another election. Open the voting page of this election again.",
        "et": "See on teise valimise hääl. Avage selle valimise leht uuesti.",
    },
    "accept.open": {
        "ja": "現在は投票期間外です。投票期間を確認してください。",
        "en": "Voting is not open now. Check the voting period, or vote on paper.",
        "et": "Hääletamine pole praegu avatud. Kontrollige aega või hääletage paberil.",
    },
    "accept.suspended": {
        "ja": "選挙管理委員会が投票の受付を一時停止しています。受付済みの投票はそのまま有効です。"
        "再開の案内を確認し、再開後にもう一度投票するか、投票所で投票してください。",
        "en": "The election office has suspended voting for now. Ballots that were stored before"
        " stay valid. Read its announcement, and vote again when voting goes on, or on paper.",
        "et": "Valimiskomisjon on hääletamise ajutiselt peatanud. Varem salvestatud hääled jäävad"
        " kehtima. Lugege teadet ja hääletage pärast jätkamist uuesti või paberil.",
    },
    "accept.certificate": {
        "ja": "このカードの証明書は使えません。有効期限とカードの種類を確認してください。",
        "en": "This card's certificate is not accepted. Check that the card is valid.",
        "et": "Selle kaardi sertifikaat ei sobi. Kontrollige, kas kaart kehtib.",
    },
    "accept.signature": {
        "ja": "署名を確認できません。もう一度署名してください。",
        "en": "The signature does not hold. Sign and send again.",
        "et": "Allkiri ei kehti. Allkirjastage ja saatke uuesti.",
    },
    "accept.voter_limit": {
        "ja": "投票できる回数の上限に達しました。最後に受け付けた投票が有効です。",
        "en": "You have voted as often as is allowed. Your last stored ballot counts.",
        "et": "Olete hääletanud lubatud arv kordi. Kehtib viimane salvestatud hääl.",
    },
    "accept.roll": {
        "ja": "選挙人名簿で確認できません。選挙管理委員会にお問い合わせください。",
        "en": "The voter roll does not admit it. Open the page again, or ask the election office.",
        "et": "Valijate nimekiri ei luba seda. Avage leht uuesti või küsige valimiskomisjonilt.",
    },
    "accept.style": {
        "ja": "お住まいの区の投票用紙ではありません。投票画面を開き直してください。",
        "en": "It is not the ballot of your district. Open the voting page again.",
        "et": "See pole teie ringkonna sedel. Avage hääletusleht uuesti.",
    },
    "accept.anchor": {
        "ja": "署名から時間がたったか、先の投票が後から届きました。もう一度署名してください。",
        "en": "It was signed too long ago, or an earlier one arrived late. Please sign again.",
        "et": "See allkirjastati liiga ammu või saabus varasem hiljem. Allkirjastage uuesti.",
    },
    "accept.elements": {
        "ja": "暗号データが正しくありません。公式の投票画面からもう一度投票してください。",
        "en": "Its encryption is malformed. Vote again with the official voting page.",
        "et": "Krüpteering on vigane. Hääletage uuesti ametlikul hääletuslehel.",
    },
    "accept.fresh": {
        "ja": "以前の投票と同じ乱数が使われています。もう一度投票してください。",
        "en": "It reuses the randomness of another ballot. Vote again.",
        "et": "See kasutab teise hääle juhuslikkust. Hääletage uuesti.",
    },
    "accept.proofs": {
        "ja": "有効な投票であることの証明が正しくありません。もう一度投票してください。",
        "en": "Its proof of being a legal vote does not hold. Vote again.",
        "et": "Hääle lubatavuse tõestus ei kehti. Hääletage uuesti.",
    },
}
_PERIOD = {
    "ja": "投票の受付期間は {opens} から {closes} までです。",
    "en": "Ballots are taken from {opens} to {closes}.",
    "et": "Hääli võetakse vastu alates {opens} kuni {closes}.",
}


def period(language: str, opens: str, closes: str) -> str:
    """When ballots are taken, for a voter who came too early or too late."""
    return _PERIOD[language].format(opens=opens, closes=closes)


def sentences(check_id: str) -> dict[str, str]:
    """What happened, what it means and what to do, in every language. KeyError if unknown."""
    parts = _SENTENCES[check_id]
    gap = {"ja": "", "en": " ", "et": " "}
    return {lang: _NOT_STORED[lang] + gap[lang] + parts[lang] for lang in LANGUAGES}
