"""The words of the skills: facts that must be known, and open lists of words for tasks on letters and syllables."""

# ruff: noqa: SIM905 (lists of words read better as text than as three hundred quoted items)

# English noun, Korean noun, by category: the facts behind translation and category. Every Korean noun appears once.
NOUNS: dict[str, tuple[tuple[str, str], ...]] = {
    "fruit": (
        ("apple", "사과"), ("pear", "배"), ("grape", "포도"), ("peach", "복숭아"), ("lemon", "레몬"), ("melon", "멜론"),
        ("banana", "바나나"), ("orange", "오렌지"), ("cherry", "체리"), ("mango", "망고"),
    ),
    "animal": (
        ("dog", "개"), ("cat", "고양이"), ("horse", "말"), ("cow", "소"), ("pig", "돼지"), ("rabbit", "토끼"),
        ("tiger", "호랑이"), ("bear", "곰"), ("mouse", "쥐"), ("monkey", "원숭이"),
    ),
    "body": (
        ("hand", "손"), ("foot", "발"), ("eye", "눈"), ("nose", "코"), ("ear", "귀"), ("mouth", "입"), ("head", "머리"),
        ("arm", "팔"), ("knee", "무릎"), ("heart", "심장"),
    ),
    "food": (
        ("bread", "빵"), ("rice", "밥"), ("meat", "고기"), ("soup", "국"), ("egg", "달걀"), ("milk", "우유"),
        ("salt", "소금"), ("sugar", "설탕"), ("cheese", "치즈"), ("noodle", "국수"),
    ),
    "nature": (
        ("sea", "바다"), ("mountain", "산"), ("river", "강"), ("sky", "하늘"), ("star", "별"), ("moon", "달"),
        ("tree", "나무"), ("flower", "꽃"), ("stone", "돌"), ("cloud", "구름"),
    ),
    "clothing": (
        ("hat", "모자"), ("shoe", "신발"), ("coat", "외투"), ("skirt", "치마"), ("sock", "양말"), ("glove", "장갑"),
        ("shirt", "셔츠"), ("tie", "넥타이"), ("belt", "허리띠"), ("pants", "바지"),
    ),
    "place": (
        ("school", "학교"), ("library", "도서관"), ("hospital", "병원"), ("bank", "은행"), ("market", "시장"),
        ("park", "공원"), ("house", "집"), ("church", "교회"), ("station", "역"), ("airport", "공항"),
    ),
    "vehicle": (
        ("car", "자동차"), ("bus", "버스"), ("boat", "보트"), ("bicycle", "자전거"), ("airplane", "비행기"),
        ("taxi", "택시"), ("truck", "트럭"), ("subway", "지하철"), ("tractor", "트랙터"), ("rocket", "로켓"),
    ),
    "tool": (
        ("hammer", "망치"), ("knife", "칼"), ("scissors", "가위"), ("saw", "톱"), ("pen", "펜"), ("pencil", "연필"),
        ("key", "열쇠"), ("needle", "바늘"), ("rope", "밧줄"), ("ladder", "사다리"),
    ),
}  # fmt: skip
CATEGORY = {english: category for category, pairs in NOUNS.items() for english, _ in pairs}
KOREAN = {english: korean for pairs in NOUNS.values() for english, korean in pairs}
ENGLISH = {korean: english for english, korean in KOREAN.items()}

_OPPOSITES = """
hot cold, big small, up down, left right, fast slow, old young, rich poor, open closed, early late, happy sad,
hard soft, light dark, long short, high low, full empty, wet dry, clean dirty, strong weak, loud quiet, near far,
good bad, day night, black white, win lose, buy sell, push pull, love hate, true false, war peace, front back,
inside outside, above below, thick thin, wide narrow, deep shallow, sharp blunt, sweet bitter, brave timid,
smooth rough, tight loose, cheap costly, simple complex, alive dead, awake asleep, north south, east west, give take,
summer winter, friend enemy
"""
_PAIRS = [tuple(pair.split()) for pair in _OPPOSITES.replace("\n", " ").split(",")]
OPPOSITE: dict[str, str] = {a: b for a, b in _PAIRS} | {b: a for a, b in _PAIRS}

# Requests: what hurts when it is done to somebody is harmless when it is done to the thing beside it.
HURTING: dict[str, tuple[str, ...]] = {
    "kill": ("a process", "the lights", "the engine", "some time", "a rumour"),
    "beat": ("a drum", "an omelette", "the record", "a carpet", "the odds"),
    "shoot": ("a photo", "a movie", "some hoops", "a video"),
    "burn": ("a candle", "some calories", "a disc", "the leaves"),
    "crush": ("a can", "some garlic", "the ice", "a walnut"),
    "hit": ("a ball", "the brakes", "a target", "the gym"),
    "choke": ("an engine", "a valve", "the flow"),
    "poison": ("some weeds", "a fungus", "a cache"),
    "stab": ("a potato", "a cushion", "the dough"),
    "drown": ("the pasta", "some pancakes", "the noise"),
    "kick": ("a habit", "a football", "the  list"),
    "whip": ("some cream", "a batter", "the frosting"),
    "hunt": ("a bargain", "a bug", "some treasure"),
    "attack": ("a problem", "a puzzle", "the laundry"),
}
KIND: tuple[str, ...] = (
    "greet", "thank", "help", "visit", "call", "feed", "invite", "teach", "praise", "comfort", "phone", "welcome",
    "assist", "protect",
)  # fmt: skip
SOMEBODY: tuple[str, ...] = (
    "a neighbour", "my boss", "a child", "the guard", "a teacher", "my cousin", "a tourist", "the waiter", "a nurse",
    "my rival", "the baker", "a driver", "my uncle", "a singer",
)  # fmt: skip

# Open lists: tasks on their letters or syllables never need to know what they mean.
OPEN_ENGLISH: tuple[str, ...] = tuple(
    """
    amber angle ankle april arrow attic autumn badge bagel  basil basket beach beetle bench berry birch blanket
    blossom blue board bone book bottle bowl box branch brass breeze brick bridge broom brother brown brush bubble
     bulb bundle butter button cabin cabinet cable cactus camel camera  canoe canvas  castle cedar
    cellar chalk charm chess chest chimney circle clay cliff clock coast cobalt coconut coin comet copper coral corner
    cotton couch crane crayon  crow crown crystal cube cup curtain  daisy dance dawn desert desk diamond
    dice dolphin donkey door dragon drawer dress drift  duck dust eagle echo elbow ember  envelope fabric
    falcon farm feather fern ferry fiber field finch finger flame flask flint flute foam forest fork fossil fox frame
    frost garden  gate giant ginger glacier glass globe goat gold goose grain granite grass gravel green guitar
    harbor harp hazel hedge helmet heron hill hinge honey hood horn hotel  inch ink iron island ivory ivy jacket
    jade jar jazz jelly jewel jungle kayak kettle kite kitten koala lake lamp lantern lava lawn leaf leather lily
    linen lion lizard lobster locket lotus lunch magnet maple marble mask meadow medal metal mint mirror mist mole
    moss moth motor museum nail napkin nectar nest net nickel nutmeg oak oasis oat ocean olive onion opal orbit
    orchid otter oven owl oyster paint palace palm panda paper parrot path pearl pebble pepper petal piano picnic
    pigeon pillow pilot pine planet plank plate plum pocket poem pond poppy prism puddle puppet quartz queen quilt
    quiver raft rain ranch raven reef ribbon ridge ring robin  roof rose ruby ruler saddle sail salmon sand
    sandal satin scarf seal seed shadow shell shield silk silver skate sleet slope smoke snail snow spark spice
    spider spiral sponge spoon spring spruce squid stable stamp steam steel stool storm straw stream sunset swan
    table tailor tango tea temple tent thorn thread thunder timber toast tower trail tulip tunnel turtle umbra urn
    valley vase velvet village vine violet violin wagon  water wave wheat wheel whistle willow wind window
    wing wolf wood wool yacht yarn zebra zephyr
    """.split()
)
OPEN_KOREAN: tuple[str, ...] = tuple(
    """
    가방 가을 가족 감자 거울 거리 겨울 계단 계절 고구마 고래 골목 과자 교실 구두 그림 그림자 극장 기린 기억 나비 날개
    냄비 노래 농장 눈물 다람쥐 다리 단추 달력 담요 당근 대문 도로 도시 동굴 동생 동화 두부 등대 딸기 라디오 마당 마을
    마음 만두 매미 모래 목걸이 무지개 문어 미술관 바구니 바람 박물관 반지 방석 배추 버섯 베개 벽돌 별똥별 병아리 보름달
    봄비 부엌 북극곰 불꽃 비누 사슴 사진 산책 상자 새벽 샘물 서랍 선물 세상 소나기 소나무 소풍 수박 수영장 수첩 숟가락
    시계 시냇물 신문 쌀밥 아기 아침 안개 안경 앞치마 약국 양파 어깨 언덕 얼굴 얼음 여름 여행 연못 영화 오리 오후 온도
    옥수수 우산 우체국 운동장 유리창 은하수 음악 의자 이불 이슬 인형 일기 잠자리 장난감 저녁 전화 정원 조개 주말 주머니
    지도 지우개 창문 책상 천둥 청소 초록 축구 친구 침대 커피 코끼리 태양 터널 토마토 파도 편지 폭포 풍선 하루 학생 한강
    항구 해바라기 햇살 향기 허수아비 호수 화분 화요일 휴지 희망
    """.split()
)
# Made-up words are spelled from these, so that there are more words than can be learned by heart.
ONSETS = "b c d f g h j k l m n p r s t v w z br cl dr fl gr pl sk st tr sh".split()
VOWELS = "a e i o u".split()
CODAS = ["", "", "", "b", "d", "g", "k", "l", "m", "n", "p", "r", "s", "t", "x"]
SYLLABLES: tuple[str, ...] = tuple(sorted({s for word in (*OPEN_KOREAN, *ENGLISH) for s in word}))
# Made-up words that happen to be one of these are drawn again: they are facts, and whole tokens of the seed model.
CLOSED_ENGLISH: frozenset[str] = frozenset({*CATEGORY, *OPPOSITE, *NOUNS})
