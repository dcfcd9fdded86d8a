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
    "accept.timestamp.unavailable": {
        "ja": "時刻証明サービスが応答しません。もう一度送信するか、紙で投票してください。",
        "en": "The time-stamping service does not answer. Try again, or vote on paper.",
        "et": "Ajatempliteenus ei vasta. Proovige uuesti või hääletage paberil.",
    },
    "accept.timestamp.form": {
        "ja": "タイムスタンプがありません。もう一度送信するか、紙で投票してください。",
        "en": "It got no time-stamp of the right form. Try again, or vote on paper.",
        "et": "Õiges vormis ajatemplit ei saadud. Proovige uuesti või hääletage paberil.",
    },
    "accept.timestamp.forged": {
        "ja": "タイムスタンプが認められた機関のものではありません。紙で投票してください。",
        "en": "Its time-stamp is not of an accepted authority. Try again, or vote on paper.",
        "et": "Ajatempel pole tunnustatud asutuselt. Proovige uuesti või hääletage paberil.",
    },
    "accept.timestamp.stale": {
        "ja": "保存に時間がかかりすぎました。もう一度送信してください。",
        "en": "Storing took too long after its time-stamp. Send it again, or vote on paper.",
        "et": "Salvestamine võttis pärast ajatemplit liiga kaua. Saatke uuesti.",
    },
    "accept.ocsp.unavailable": {
        "ja": "有効性確認サービスが応答しません。もう一度送信するか、紙で投票してください。",
        "en": "The service that knows revoked cards does not answer. Try again, or vote on paper.",
        "et": "Kehtivuskinnitusteenus ei vasta. Proovige uuesti või hääletage paberil.",
    },
    "accept.ocsp.form": {
        "ja": "証明書の有効性が確認できません。もう一度送信するか、紙で投票してください。",
        "en": "Nobody confirmed that your card is valid. Try again, or vote on paper.",
        "et": "Keegi ei kinnitanud teie kaardi kehtivust. Proovige uuesti või hääletage paberil.",
    },
    "accept.ocsp.forged": {
        "ja": "有効性確認の回答が信頼できません。もう一度送信するか、紙で投票してください。",
        "en": "The word on your card's validity is not to be trusted. Try again, or vote on paper.",
        "et": "Kaardi kehtivuskinnitust ei saa usaldada. Proovige uuesti või hääletage paberil.",
    },
    "accept.ocsp.stale": {
        "ja": "証明書の有効性確認の回答が古すぎます。もう一度送信してください。",
        "en": "The word on your card's validity is of another time. Send it again.",
        "et": "Kaardi kehtivuskinnitus on teisest ajast. Saatke uuesti.",
    },
    "accept.ocsp.revoked": {
        "ja": "このカードの証明書は失効しています。紙で投票するか、発行元にお問い合わせください。",
        "en": "Your card's certificate is revoked. Vote on paper, or ask the issuer of the card.",
        "et": "Teie kaardi sertifikaat on tühistatud. Hääletage paberil või küsige väljastajalt.",
    },
    "accept.ocsp.unknown": {
        "ja": "発行元がこのカードの証明書を確認できません。紙で投票してください。",
        "en": "The issuer does not know your card's certificate. Vote on paper, or ask the issuer.",
        "et": "Väljastaja ei tunne teie kaardi sertifikaati. Hääletage paberil.",
    },
}
_SENTENCES |= {
    "accept.address_limit": {
        "ja": "お使いのネットワークからの要求が多すぎます。少し待ってから送信してください。",
        "en": "Too many requests come from your network now. Wait a moment and send it again.",
        "et": "Teie võrgust tuleb praegu liiga palju päringuid. Oodake hetk ja saatke uuesti.",
    },
    "accept.session": {
        "ja": "ログインした方と署名した方が異なります。ご自分のカードでログインし直してください。",
        "en": "Somebody else is logged in than signed it. Log in again with your own card.",
        "et": "Sisse logis keegi teine kui allkirjastaja. Logige sisse oma kaardiga.",
    },
}
# Nothing was to be stored here.
_LOG_IN: dict[str, dict[str, str]] = {
    "session.required": {
        "ja": "ログインしていないか、15分間操作がありません。もう一度ログインしてください。",
        "en": "You are not logged in, or were idle for 15 minutes. Log in again with your card.",
        "et": "Te pole sisse logitud või olite 15 minutit jõude. Logige kaardiga uuesti sisse.",
    },
    "login.format": {
        "ja": "ログインのデータの形式が正しくありません。Web eIDを更新してやり直してください。",
        "en": "The log-in does not have the form of Web eID. Update Web eID and try again.",
        "et": "Sisselogimine pole Web eID kujul. Uuendage Web eID ja proovige uuesti.",
    },
    "login.nonce": {
        "ja": "ログインに時間がかかりすぎたか、使用済みです。もう一度ログインしてください。",
        "en": "The log-in took more than 5 minutes or was used before. Log in again.",
        "et": "Sisselogimine võttis üle 5 minuti või seda on juba kasutatud. Logige uuesti sisse.",
    },
    "login.certificate": {
        "ja": "このカードの認証用証明書は使えません。有効期限とカードの種類を確認してください。",
        "en": "This card cannot log in here. Check that it is valid and of the right kind.",
        "et": "Selle kaardiga ei saa siin sisse logida. Kontrollige, kas see kehtib ja sobib.",
    },
    "login.signature": {
        "ja": "カードの応答を確認できません。公式の投票画面を開き直してログインしてください。",
        "en": "The card's answer is not for this site. Log in on the official voting page.",
        "et": "Kaardi vastus pole selle lehe jaoks. Avage ametlik hääletusleht ja logige sisse.",
    },
    "login.revoked": {
        "ja": "このカードは失効しています。選挙管理委員会または発行者にお問い合わせください。",
        "en": "This card is revoked. Ask its issuer, or vote on paper.",
        "et": "See kaart on tühistatud. Küsige väljaandjalt või hääletage paberil.",
    },
    "login.unavailable": {
        "ja": "カードの有効性を現在確認できません。後でやり直すか、紙で投票してください。",
        "en": "Nobody says now whether the card is valid. Try again later, or vote on paper.",
        "et": "Kaardi kehtivust ei saa praegu kontrollida. Proovige hiljem või hääletage paberil.",
    },
}
LOG_IN_IDS = tuple(_LOG_IN)
RECORDED, LOG_FORKED = "recorded", "log_forked"
_RECORDED = {
    "ja": "投票は記録されましたが、証人による確認がまだ済んでいません。締切前に記録された投票は"
    "有効です。控えを受け取るには、同じ投票データをもう一度送信してください。",
    "en": "Your ballot is recorded, not confirmed: it counts if it was logged before the close."
    " Send the same ballot again for its receipt.",
    "et": "Teie hääl on salvestatud, kuid kinnitamata: see läheb arvesse, kui see logiti enne"
    " sulgemist. Kviitungi saamiseks saatke sama hääl uuesti.",
}
_LOG_FORKED = {
    "ja": "記録の証人が、この記録と食い違う別の記録を確認しているため、現在は何も保存しません。"
    "紙で投票するか、選挙管理委員会にお問い合わせください。",
    "en": "Witnesses have seen another history of the log, so nothing is stored now. Vote on paper,"
    " or ask the election office.",
    "et": "Tunnistajad on näinud logi teist ajalugu, seetõttu praegu midagi ei salvestata."
    " Hääletage paberil või küsige valimiskomisjonilt.",
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
    if check_id == RECORDED:
        return dict(_RECORDED)
    if check_id == LOG_FORKED:
        return dict(_LOG_FORKED)
    if check_id in _LOG_IN:
        return dict(_LOG_IN[check_id])
    parts = _SENTENCES[check_id]
    gap = {"ja": "", "en": " ", "et": " "}
    return {lang: _NOT_STORED[lang] + gap[lang] + parts[lang] for lang in LANGUAGES}
