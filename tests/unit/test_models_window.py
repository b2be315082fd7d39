"""How much an endpoint takes in: the usual complaints understood, a smaller window learnt, counts believed where they can be."""

import pytest

from agent.models.spending import priced, usage_of
from agent.models.window import Overflow, Window, cut_off, overflow
from agent.models.wire import Fault

COMPLAINTS = {
    "OpenAI": ("This model's maximum context length is 8192 tokens. However, your messages resulted in 9,123 tokens. Please reduce the "
               "length of the messages.", 8192),
    "vLLM": ("This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (4000 in the messages, 1000 in the "
             "completion). Please reduce the length of the messages or completion.", 4096),
    "vLLM, newer": ("'max_tokens' or 'max_completion_tokens' is too large: 5000. This model's maximum context length is 4096 tokens and "
                    "your request has 200 input tokens (5000 > 4096 - 200).", 4096),
    "vLLM, prompt": ("The decoder prompt (length 5000) is longer than the maximum model length of 4096. Make sure that it is no "
                     "smaller than the number of text tokens.", 4096),
    "llama.cpp": ("the request exceeds the available context size, try increasing it n_ctx: 4096", 4096),
    "llama.cpp, newer": ("request (9000 tokens) exceeds the available context size (4096 tokens), try increasing it", 4096),
    "Ollama": ("the input length exceeds the context length", 0),
    "Anthropic": ("prompt is too long: 210000 tokens > 200000 maximum", 200_000),
    "Anthropic, both": ("input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000, decrease input length", 200_000),
    "OpenRouter": ("This endpoint's maximum context length is 32768 tokens. However, you requested about 40000 tokens (39000 of text "
                   "input, 1000 in the output).", 32_768),
    "Gemini": ("The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).", 1_048_576),
    "Mistral": ("Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length", 32_768),
    "Groq": ("Please reduce the length of the messages or completion.", 0),
    "LM Studio": ("Trying to keep the first 5000 tokens when context the overflows. However, the model is loaded with context length of "
                  "only 4096 tokens, which is not enough.", 4096),
}


@pytest.mark.parametrize("whose", COMPLAINTS)
def test_the_usual_complaints_about_length_are_understood(whose: str) -> None:
    said, limit = COMPLAINTS[whose]
    found = overflow(said, 400)
    assert found is not None
    assert (found.limit, found.answer) == (limit, False)


@pytest.mark.parametrize(
    "said",
    ["Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.", "bad key",
     "Invalid schema for response_format 'answer'", "unknown field stream_options", "The model `gpt-9` does not exist", ""],
)
def test_other_complaints_are_not_about_length(said: str) -> None:
    assert overflow(said, 400) is None


@pytest.mark.parametrize(
    ("said", "most"),
    [("max_tokens is too large: 9000. This model supports at most 4096 completion tokens, whereas you provided 9000.", 4096),
     ("`max_tokens` must be less than or equal to `8192`", 8192),
     ("max_tokens: 10000 > 8192, which is the maximum allowed number of output tokens", 8192)],
)
def test_too_long_an_answer_is_told_from_too_long_a_prompt(said: str, most: int) -> None:
    found = overflow(said, 400)
    assert found is not None
    assert (found.limit, found.answer) == (most, True)


def test_413_without_words_is_about_length() -> None:
    assert overflow("", 413) is not None


def test_a_window_learns_what_it_is_told_else_half_and_never_grows() -> None:
    window = Window(32_768)
    first = window.room(2000)
    window.shrink(Overflow("", 8192), first.window)
    assert window.room(2000).window == 8192
    window.shrink(Overflow("", 0), 8192)
    window.shrink(Overflow("", 0), 8192)  # another thread's complaint about the same window
    window.shrink(Overflow("", 100_000), 4096)
    assert window.room(500).window == 2048
    assert first.prompt + first.answer < first.window


def test_a_shorter_answer_is_learnt() -> None:
    window = Window(32_768)
    window.shrink(Overflow("", 1000, answer=True), 32_768)
    assert window.room(4000).answer == 1000
    assert window.room(4000).window == 32_768


def test_a_model_that_counts_more_tokens_gets_less_text() -> None:
    window = Window(32_768)
    before = window.room(2000).prompt
    window.counted(10_000, 15_000)
    window.counted(10_000, 900_000)  # which cannot be
    assert window.room(2000).prompt == pytest.approx(before / 1.5, abs=2)


def test_a_window_that_is_too_small_says_so() -> None:
    with pytest.raises(Fault, match="takes in 1,024 tokens at once, which is too few"):
        Window(1024).room(2000)


@pytest.mark.parametrize(
    ("ours", "theirs", "cut"),
    [(9000, 4096, True), (9000, 4095, True), (4500, 4096, False), (9000, 100, False), (9000, 4500, False), (40_000, 8192, True)],
)
def test_a_prompt_that_was_silently_cut_off_is_noticed(ours: int, theirs: int, cut: bool) -> None:
    assert cut_off(ours, theirs) is cut


@pytest.mark.parametrize("wrong", ["many", -3, 0, True, None, 1.5, 10**12, [3], 3])
def test_wrong_counts_are_replaced_by_our_own(wrong: object) -> None:
    usage = usage_of({"prompt_tokens": wrong, "completion_tokens": wrong if wrong != 3 else "x"}, 1000, 200, 500)
    assert (usage.prompt_tokens, usage.completion_tokens) == (1000, 200)


def test_counts_that_can_be_are_taken_cached_ones_wherever_they_are() -> None:
    for cached in ({"prompt_tokens_details": {"cached_tokens": 900}}, {"prompt_cache_hit_tokens": 900}, {"cached_tokens": 900}):
        usage = usage_of({"prompt_tokens": 1100, "completion_tokens": 450, **cached}, 1000, 200, 500)
        assert (usage.prompt_tokens, usage.cached_tokens, usage.completion_tokens) == (1100, 900, 450)
    assert usage_of({"prompt_tokens": 1100, "cached_tokens": 5000}, 1000, 1, 5).cached_tokens == 1100


def test_money_is_counted_by_three_prices() -> None:
    usage = usage_of({"prompt_tokens": 1000, "completion_tokens": 100, "cached_tokens": 400}, 1000, 100, 500)
    assert priced(usage, (10, 1, 40)).money == pytest.approx((600 * 10 + 400 * 1 + 100 * 40) / 1e6)
