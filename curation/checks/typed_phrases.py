"""Lists of phrases that the checks look for, as data: particles, denials, refusals, talk about a reference.

Everything is matched against `typed_result.folded` text: NFC, lower case, straight quotes, single spaces.
"""

# Korean particles and forms of the copula that may follow an answer without changing it.
PARTICLES = frozenset((
    "은", "는", "이", "가", "을", "를", "의", "에", "로", "으로", "와", "과", "도", "만", "나", "이나", "야",
    "이야", "요", "이요", "랑", "이랑", "께", "께서", "에서", "에게", "한테", "까지", "부터", "처럼", "보다",
    "마다", "조차", "라고", "이라고", "라는", "이라는", "란", "이란", "라", "이라", "로서", "으로서", "로써",
    "으로써", "에는", "에도", "에서는", "에서의", "로는", "으로는", "이다", "다", "입니다", "이며", "며",
    "이고", "고", "예요", "이에요", "이예요", "에요", "였다", "이었다", "였습니다", "이었습니다", "인", "인데",
    "이죠", "죠", "이지", "지", "네요", "이네요", "일", "이니까", "니까", "이므로", "이라서", "라서",
))  # fmt: skip

COPULAS = ("이었습니다", "였습니다", "입니다", "이에요", "이예요", "예요", "이었다", "였다", "이다")

# What denies the words right after it, and right before it.
DENIAL_BEFORE = (
    r"(?:\b(?:not|never|neither|nor|incorrect|wrong|isn't|wasn't|aren't|weren't|rather than|instead of)|n't)"
    r"(?: (?:a|an|the|be|been|in|at|on|to|called|really|think|believe|say|that|it|it's|this|he|she|is|was|are))*"
    r"[ '\"(*]*$"
)
DENIAL_AFTER = (
    r"^\p{Hangul}{0,2}['\"*)]* ?"
    r"(?:아니|아닌|아닙|않|틀렸|틀린|is (?:wrong|incorrect|not correct|not right|false))"
)

YES = frozenset(("yes", "yeah", "yep", "예", "네", "응", "맞아요", "맞습니다", "그렇습니다"))
NO = frozenset(("no", "nope", "아니요", "아니오", "아뇨", "아니", "아닙니다"))
SENTENCE_START = r"(?:^|[.!?:;\n])(?:[^.!?:;\n]{0,40}(?:\banswer is|답은) )?[\s\"'*(\[]*(\p{L}+)"

# An answer that declines: its writer says that they cannot or will not do what was asked. English: an "I" that cannot,
# and what it cannot do, so that "I can't believe it" and "I cannot recommend this enough" are none.
#
# Korean leaves out who speaks, and "cannot provide" is as often a rule for others ("개인정보를 제공할 수 없습니다")
# or a case ("제공할 수 없는 경우"). It declines where only its writer can be meant: in the humble form, of their own
# will, after an apology, of a named self, of a request, or of answering in the first sentence.
_DO = (
    r"(?:도와|도움|돕|도울|답변|대답|답[하해할을]|알려|가르쳐|제공|설명|안내|응답|응|작성|말씀|말[하해할]|협조|지원|추천"
    r"|번역|처리|수행|들어|따르|따를|진행|실행|생성)"
)
_DONE = _DO + r"[가-힣 ]{0,8}"
_CANNOT = (
    r"(?:수(?:는|가|도)? ?없(?:습|어|네|음|다|지|으|고|$)"
    r"|지(?:는)? ?못(?:합|하겠|해(?:요|서?[ ,]*(?:죄송|미안|유감)|[.,!]|$))"
    r"|기(?:는|가|에|에는|엔)? ?(?:어렵|어려[워울]|힘(?:듭|들어|들고|들지|들다)|곤란))"
)
_WILL_NOT = r"지(?:는|도)? ?않(?:겠습니다|겠어|을게|을래|을 거)"
_DO_NOT = r"지(?:는)? ?않(?:습니다|아요)"
_ABLE_TO = r"수 있는 (?:일|것|게|부분)[이은]? ?아[니닙]"  # "not a thing that I can ..."
_FIRST = r"^(?:[^.!?]{0,40}[.!?]+ ?)?[^.!?]{0,60}"  # in the first sentence, perhaps after a greeting or a "no"
_REQUEST = r"(?:요청|질문|부탁|문의|명령|메시지)"
_SUCH = r"(?:^|[ ,])(?:그|이|저|해당|그런|이런|저런|그러한|이러한|요청하신|말씀하신|원하시는) [가-힣]{1,8}?"
_OF = r"(?:들)?(?:은|는|을|를|이|가|에|에는|에 대해|에 대해서|에 대해서는|이라|라) ?"

REFUSALS = (
    r"(?:i (?:cannot|can't|can not|won't|will not|must not|am unable to|am not able to"
    r"|am not comfortable|am not allowed to|do not feel comfortable|don't feel comfortable|refuse to|decline to"
    r"|must decline|have to decline)|i'm (?:unable to|not able to|not comfortable|not allowed to)|unable to)"
    r"(?: (?:in good conscience|ethically|directly|really|just))*"
    r" (?:help|assist|provide|answer|fulfill|fulfil|comply|do that|do this|do so|create|write|generate|support"
    r"|engage|discuss|share|give|offer|respond|satisfy|complete|participate|promote|process|suggest"
    r"|with|providing|helping|answering|your|that request|this request)\b",
    r"\b(?:goes|go) against (?:my|ethical|my programming)",
    r"\b(?:as an ai(?: language model| assistant| chatbot)?,? (?:i|it)|i'm (?:just|only) an ai)\b[^.!?]{0,60}"
    r"(?:n't|\bnot|\bcannot|\bunable)\b",
    r"\bi must (?:refuse|decline)\b",
    r"\bit (?:is|would) (?:not|not be) (?:appropriate|ethical) (?:for me|to)\b",
    r"\b(?:sorry|apologi[sz]e)\b[^.!?]{0,40}\b(?:can't|cannot|unable|not able|won't|not possible)",
    rf"{_DONE}드(?:릴|리) ?(?:{_CANNOT}|{_WILL_NOT}|{_DO_NOT})",
    rf"{_DONE}{_WILL_NOT}|(?:답|말|도와|알려|돕)[가-힣 ]{{0,4}}고 싶지 ?않",
    rf"(?:죄송|미안|유감|송구)[하합해스][가-힣]{{0,6}}[ ,.!~]{{0,4}}[^.!?]{{0,60}}"
    rf"(?:{_CANNOT}|{_WILL_NOT}|{_DONE}{_DO_NOT}|어렵|어려[워울]|안 ?[될돼됩]|불가(?:합|해|능합|능해)|거절|곤란"
    rf"|{_ABLE_TO})",
    rf"(?:^|[ ,.!?])(?:저는|전|제가|저로서는|저희는|나는|난|내가) (?:[^.!?]{{0,50}} )?{_DONE}(?:{_CANNOT}|{_ABLE_TO})",
    r"(?:\bai|인공지능|언어 ?모델|챗봇)(?:으?로서|이기 때문에|이라서|라서|이므로|이라|일 뿐)"
    r"[^.!?]{0,60}(?:없|않|못|어렵|아[니닙])",
    rf"{_FIRST}(?:{_REQUEST}|{_SUCH}){_OF}(?:[가-힣 ,]{{0,30}} )?{_DONE}(?:{_CANNOT}|{_DO_NOT})",
    rf"{_FIRST}(?:^|[ ,])(?:답변|대답|응답|답)(?:을|은|는)?[가-힣 ]{{0,6}}{_CANNOT}",
    rf"{_FIRST}(?:답변|대답|응답|도움)(?:을|은|이)? ?(?:어렵|어려워|힘[듭들]|곤란|불가(?:합|해|능합|능해))",
    rf"^[^.!?은는이가도]{{0,30}}{_DONE}{_CANNOT}",
    r"못 ?(?:도와|알려|가르쳐|말해|들어) ?(?:줘|줍|드려|드립|드리|주겠)",
    rf"{_FIRST}{_DONE}(?:수(?:는)? ?없는|기 ?(?:어려운|힘든|곤란한)) "
    r"(?:(?:요청|질문|부탁|내용|주제|사항|정보|부분)(?:이|입|예)|점 ?(?:양해|이해|죄송))",
    rf"(?:거절|사양)(?:합니다|하겠|할게|할래|드립|드리겠|할 수밖에)|{_REQUEST}[을를은는] ?거부(?:합니다|하겠)",
    r"(?:제|저의|저희) (?:[가-힣]{1,8} ){0,2}(?:원칙|지침|정책|가이드라인|신념)[가-힣]{0,4}에 (?:어긋|위배|반[하합])",
)

# Talk about a reference that a reader of the answer never sees. The English ones are from published self-distilled
# data, where some 4 % of accepted answers have them, and from the wording of the prompts that show a reference.
LEAKS = (
    "reference answer", "reference response", "the reference", "my answer:", "my answer is",
    "my answer would be", "my response:", "my own answer", "my own words", "your own words", "own style",
    "provided answer", "answer provided", "given answer", "answer you provided", "answer you gave",
    "correct answer is:", "original answer", "original response", "sample answer", "model answer",
    "answer as a guide", "here's my answer", "here is my answer", "here's my attempt", "here is my attempt",
    "here's my response", "here is my response", "rewritten answer", "rewritten version", "rewritten response",
    "rephrased", "paraphrased version", "in different words", "based on the answer", "참고 답", "참고답",
    "참고 답안", "참고 답변", "참조 답", "모범 답", "모범답", "제공된 답", "주어진 답", "제시된 답",
    "위 답변을", "원래 답", "나의 답:", "나의 답변", "내 답:", "내 답변:", "제 답:", "제 답변", "저의 답변",
    "자신의 말로", "나의 말로", "제 말로", "다시 쓴 답", "다시 작성한",
)  # fmt: skip

# Words about the answer itself, said to the one who asked for it. From published self-distilled data, where they follow
# from a prompt that shows a reference and asks for a version of one's own.
REMARKS = (
    r"\bi hope (?:this|that|it|these|my)(?: \w+){0,2} (?:is|are|was|were|helps?|meets?|works?|satisf\w+|makes?|suits?"
    r"|fits?|clarif\w+|answers?|what)\b",
    r"\blet me know if\b",
    r"\b(?:feel free to|don't hesitate to) (?:ask|reach out|contact me|let me)\b",
    r"\b(?:is|was) (?:this|my) (?:answer|response) (?:correct|right|ok|okay)\b",
    r"^(?:i (?:agree|disagree)[,.!]|i would (?:answer|respond|write|construct|rewrite|rephrase) (?:as|this|it|the))",
    r"\b(?:this|the above|above|the provided|your|my) (?:response|answer) (?:is|was|uses?|follows?|meets?|should"
    r"|provides?|contains?|has|does)\b",
    r"\bin (?:this|my) (?:response|answer|version|rewrite)\b",
    r"\bno changes? (?:is |are )?(?:needed|required|necessary)\b",
    r"\b(?:final answer: )?the final answer is\b.*\bi hope\b",
    r"\bplease (?:provide|write|give|enter|submit|type)(?: me| us)? (?:your|the correct|a correct|the right) "
    r"(?:own )?(?:answer|response|version|input|feedback)\b",
    r"(?:도움이 되(?:었|셨|길|기를|시길)|더 궁금한|추가(?:로|적인)? (?:질문|궁금))[\p{Hangul} ]{0,16}"
    r"(?:바랍|바라|길|말씀|알려|문의|질문|물어)",
    r"(?:수정|변경|보완)(?:이|할|하고)[\p{Hangul} ]{0,14}(?:필요하|원하)[\p{Hangul} ]{0,8}(?:말씀|알려)",
    r"(?:이|위|제) (?:답변|대답|응답)(?:이|은|을|에서)[\p{Hangul} ]{0,14}(?:도움|만족|맞|요구)",
)

# Orders to whoever reads or judges a text. Matched against `folded` text.
ORDERS = (
    r"\b(?:ignore|disregard|forget|override|bypass)\b(?: \w+){0,3} (?:previous|prior|above|earlier|preceding|other|all"
    r"|any|your|these|system)\b(?: \w+){0,2} (?:instructions?|prompts?|rules|checks|guidelines|directions)\b",
    r"\b(?:note|message|instructions?|attention|dear|hello|hey)\b[:,]?(?: to| for)?(?: \w+)? "
    r"(?:judge|grader|evaluator|checker|verifier|reviewer|annotator)s?\b",
    r"\b(?:judge|grader|evaluator|checker|verifier)\b ?[:,]? ?(?:must|should|please|you)\b",
    r"\b(?:accept|approve|mark|rate|grade|label|score|treat|consider|judge)\b (?:this|the above|my|it)(?: \w+){0,2}"
    r"(?: as)? (?:same|correct|right|valid|accepted|equivalent|identical|faithful|verified|entailed|true)\b",
    r"\b(?:answer|reply|respond|output|return|print|choose|select|pick|emit)\b(?: only)?(?: with)?"
    r" (?:(?:the |a )?(?:label|letter|verdict|id) ['\"(]?\w+|['\"(]?(?:same|accept|accepted|equivalent|entails"
    r"|entailment|verified)\b)",
    r"\byou are (?:now |no longer )(?:a|an|the|in|bound|called|dan)\b|\bnew instructions?:",
    r"(?:이전|앞|위|앞선|기존|모든)(?:의|에)? ?(?:모든 )?(?:지시|명령|규칙|프롬프트|안내|지침)"
    r"(?:사항|문)?(?:을|를|은|는|들을)? ?(?:모두 |전부 )?(?:무시|잊|따르지)",
    r"(?:심사|채점|평가|검사|판정|심판)(?:자|관|위원|원|인|모델)?(?:님)?(?:에게|께|은|는|이|가)?"
    r" ?[:,]? ?[\p{Hangul} ]{0,12}(?:통과|승인|채택|합격|같다고|동일하다고|정답으로)",
    r"(?:이|위|제|본) ?(?:답|답변|답안|글|응답|문장)(?:을|를|은|는)? ?(?:반드시 |무조건 |꼭 )?"
    r"(?:통과|승인|채택|합격|정답으로|같다고|동일하다고)",
)
