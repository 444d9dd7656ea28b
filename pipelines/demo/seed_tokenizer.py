"""The seed model's tokenizer: byte-level BPE whose merges stay inside a character, with frequent words kept whole.

Tasks on letters need words in letters, and short sequences need frequent words in one piece. So merges only join
the three bytes of a frequent Hangul syllable, and words that many documents share (the wording of requests and
answers, the nouns and adjectives of the facts) are tokens of their own, which BPE takes first (`ignore_merges`).
Any other text falls back to letters and bytes, so every text can be represented and comes back unchanged.
"""

from collections import Counter
from collections.abc import Iterable

from tokenizers import AddedToken, Regex, Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE
from transformers import PreTrainedTokenizerFast

from .seed_corpus import ASSISTANT, BOS, END, PAD, SYSTEM, USER
from .skills.vocabulary import OPEN_ENGLISH, OPEN_KOREAN

# A line break, a digit and a mark stand alone; letters of one script stay together, with the space before them.
PIECES = r"\n| ?[A-Za-z]+| ?[가-힣]+|\p{N}| ?[^\sA-Za-z가-힣\p{N}]| +"
CONTEXT = 512
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|' + message['role'] + '|>\n' + message['content'] + '<|end|>\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}"
)


def learn(texts: Iterable[str], whole_words: Iterable[str], frequent: int) -> PreTrainedTokenizerFast:
    """A tokenizer for the texts: `whole_words`, and words seen `frequent` times or more, become single tokens.

    Words of the open lists (what tasks on letters and syllables are about) always stay in letters and syllables.
    """
    marks = [PAD, BOS, END, USER, ASSISTANT, SYSTEM]
    splitter = pre_tokenizers.Split(Regex(PIECES), behavior="isolated")
    words: Counter[str] = Counter()
    for text in texts:
        for mark in marks:
            text = text.replace(mark, "\n")
        words.update(piece for piece, _ in splitter.pre_tokenize_str(text))
    encode = _byte_alphabet()
    vocabulary = {token: number for number, token in enumerate([*marks, *encode.values()])}
    merges = _syllable_merges(words, encode, vocabulary)
    open_words = {*OPEN_ENGLISH, *OPEN_KOREAN}
    whole = {form for word in whole_words for form in (word, " " + word)}
    whole |= {w for w, n in words.items() if n >= frequent and len(w.strip()) > 1 and w.strip().isalpha()}
    for word in sorted(whole):
        if word.strip().lower() not in open_words:
            vocabulary.setdefault("".join(encode[byte] for byte in word.encode()), len(vocabulary))
    tokenizer = Tokenizer(BPE(vocab=vocabulary, merges=merges, ignore_merges=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [splitter, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(mark, special=True, normalized=False) for mark in marks])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=BOS, eos_token=END, pad_token=PAD, chat_template=CHAT_TEMPLATE,
        model_max_length=CONTEXT, clean_up_tokenization_spaces=False, padding_side="left",
    )  # fmt: skip


def _byte_alphabet() -> dict[int, str]:
    """The character that stands for each byte in a byte-level vocabulary."""
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    alphabet: dict[int, str] = {}
    # Printable bytes stand for themselves; the others take the characters from 256 on, in order.
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    alphabet.update({byte: chr(byte) for byte in printable})
    alphabet.update({byte: chr(256 + place) for place, byte in enumerate(others)})
    if set(alphabet.values()) != set(byte_level.alphabet()):
        raise RuntimeError("the installed tokenizers library has another byte alphabet than the one written here")
    return dict(sorted(alphabet.items()))


def _syllable_merges(words: Counter[str], encode: dict[int, str], vocabulary: dict[str, int]) -> list[tuple[str, str]]:
    """Merges that join the three bytes of each Hangul syllable seen, most frequent first; adds their tokens."""
    seen: Counter[str] = Counter()
    for word, count in words.items():
        seen.update({character: count for character in set(word) if "가" <= character <= "힣"})
    merges: dict[tuple[str, str], None] = {}
    for syllable, _ in sorted(seen.items(), key=lambda entry: (-entry[1], entry[0])):
        first, second, third = (encode[byte] for byte in syllable.encode())
        for left, right in ((first, second), (first + second, third)):
            if (left, right) not in merges:
                merges[(left, right)] = None
                vocabulary.setdefault(left + right, len(vocabulary))
    return list(merges)
