"""Words around a number that say what it is: patterns that match at the end of the text before a candidate."""

import polars as pl

WINDOW = 200  # characters before and after a candidate that are looked at; an address with its parameters is long

_NUMBER = r"(?:[ _-]?(?:number|num|no|nr|id|code|#|№)s?\.?|\x20?번호)?"
_PARTICLE = r"(?:은|는|이|가|을|를|:|：)?"
_BETWEEN = r"[\s:：=#\"'(\[|,*>-]{0,6}"


def _end(words: str, between: str = _BETWEEN) -> str:
    """Pattern of a text that ends in one of some words, `number`, a particle, and signs."""
    return rf"(?i)(?:{words}){_NUMBER}{_PARTICLE}(?:\x20is)?{between}$"


# What the text itself calls something else is something else.
LABELLED = _end(
    r"(?:^|[^a-z])(?:order|invoice|tracking|ticket|serial|model|parts?|item|product|isbn|issn|doi|pmid|asin|sku|upc|ean"
    r"|imei|vin|patent|case|docket|reference|uuid|hash|commit|lot|batch|grant|claim|clause|article|barcode|timestamp"
    r"|corporate registration|report|document|catalog)"
    r"|주문|송장|배송|접수|관리|일련|품번|제품|상품|모델|사건|문서|특허|출원|법인|법인등록|등기|바코드|허가|고유|운송장"
)
PHONE = _end(
    r"(?:^|[^a-z])(?:tel|telephone|phone|call(?:\x20(?:us|me|him|her|them))?(?:\x20(?:at|on))?|fax|mobile|cell|hotline"
    r"|whatsapp|dial|text)\.?|전화|연락처|휴대폰|핸드폰|팩스|문의|☎|☏|📞|📱",
    r"[\s:：=#\"'(\[|,*>.-]{0,5}",
)
# Between `contact` and a number a name may stand.
REACH = r"(?i)(?:^|[^a-z])(?:call|contact|ring|reach|dial|phone|fax|text)\x20[^\n.!?0-9]{0,25}\x20(?:at|on|:)\s?$"
RESIDENT = _end(
    r"주민\x20?등록\x20?번호|주민\x20?번호|외국인\x20?등록\x20?번호|거소\x20?신고\x20?번호"
    r"|(?:^|[^a-z])(?:resident registration|resident|rrn|alien registration|foreigner registration|korean id)"
)
BUSINESS = _end(
    r"사업자\x20?등록|사업자|(?:^|[^a-z])(?:business registration|business|brn|company reg(?:istration)?\.?|tax id)"
)
CARD = _end(
    r"카드|비자|마스터|(?:^|[^a-z])(?:card|visa|mastercard|amex|american express|maestro|discover|jcb|unionpay|diners)"
)
# An account is known by its context alone, so that words may stand between, but no sentence end and no number.
_NEAR = r"[^\n.!?。0-9]{0,25}$"
_BANKS = (
    r"(?:국민|우리|하나|기업|산업|부산|대구|광주|전북|경남|제주|외환|한미|제일|씨티|신한|농협|수협|저축|상호|iM)\x20?은행"
    r"|카카오\x20?뱅크|토스\x20?뱅크|케이\x20?뱅크|K\x20?뱅크|신한|농협|수협|신협|새마을\x20?금고|우체국|축협"
    r"|SC\x20?제일|한국\x20?씨티|(?:^|[^A-Za-z])(?:KB|NH|IBK|KEB|DGB|BNK)(?:국민|농협|기업|하나)?"
)
ACCOUNT_WORD = rf"(?:계좌|입금|송금|이체|무통장|예금주|자동이체){_NEAR}"
BANK = rf"(?:{_BANKS}){_PARTICLE}[\s:：=(\[-]{{0,3}}(?:계좌|예금|통장)?{_BETWEEN}$"
SENT_AFTER = r"^\s?(?:으로|로)\s?(?:보내|입금|송금|이체|부쳐)"  # what one does to an account
HOLDER_AFTER = r"^[\s,(/\[-]{0,4}예금주"
_ACCOUNT_EN = r"(?:bank\x20account|account|acct|a/c)"
ACCOUNT_NUMBER = rf"(?i)(?:^|[^a-z]){_ACCOUNT_EN}(?:\x20(?:number|num|no|nr)\.?|\x20?#|\x20?:)(?:\x20is)?{_BETWEEN}$"
ACCOUNT = (
    r"(?i)(?:^|[^a-z])(?:(?:bank|our|my|your|his|her|the|to|savings|checking|deposit|beneficiary)\x20account"
    r"|(?:kookmin|shinhan|woori|hana|nonghyup|kakao|toss|citi|hsbc|barclays|chase)\x20?(?:bank)?)"
    rf"(?:\x20is)?{_BETWEEN}$"
)
ROUTING = r"(?i)(?:routing|\baba\b)(?:\x20(?:number|no\.?|code))?[\s:：=#]{0,4}$"
SORT_CODE = r"(?i)sort\x20?code[\s:：=#]{0,4}$"
IP = (
    r"(?i)(?:(?:^|[^a-z])(?:ip|ipv4|ipv6|address|host|server|client|ping|from|dns|inet|addr|gateway|proxy)|아이피|주소|서버"
    r"|클라이언트|접속)(?:[-_ ]?(?:address|addr))?(?:은|는|이|가)?[\s:：=#\"'(\[@]{0,5}$|//$"
)
IP_AFTER = r"^[\]\"')]{0,2}\x20?(?:서버|아이피|IP|에서\x20(?:접속|요청)|port|:[0-9]{2,5})"
VERSION = (
    r"(?i)(?:(?:^|[^a-z])(?:version|ver|v|release|firmware|build|rev|revision|section|sec|sect|chapter|paragraph|oid|snmp"
    r"|update|upgrade|rule|clause)|버전|펌웨어|릴리스|릴리즈|빌드|업데이트|제|§)[\s.:：=#(]{0,3}$"
)
VERSION_AFTER = r"(?i)^\x20?(?:버전|업데이트|판|절|항|조|장|build|version|release|update)"


def before(words: str) -> pl.Expr:
    """Whether the text before the candidate ends as a pattern of this module says."""
    return pl.col("before").str.contains(words)


def after(words: str) -> pl.Expr:
    """Whether the text after the candidate begins as a pattern says."""
    return pl.col("after").str.contains(words)
