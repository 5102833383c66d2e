"""Families of language models: members of one are not independent readers."""

import re

FAMILIES = (
    *(
        "gemini",
        "gemma",
        "gpt",
        "claude",
        "qwen",
        "llama",
        "mistral",
        "mixtral",
        "ministral",
        "pixtral",
        "phi",
        "deepseek",
    ),
    *("internvl", "smollm", "smolvlm", "minicpm", "granite", "nova", "command", "grok", "glm", "molmo", "paligemma"),
)
_SAME = {"mixtral": "mistral", "ministral": "mistral", "pixtral": "mistral", "smolvlm": "smollm"}


def model_family(model: str) -> str:
    """The family of a model by its name: `gemini` of `models/gemini-3.5-flash-lite`, `qwen` of `Qwen/Qwen2.5-VL-7B`.

    Of a name that is not known, the letters that it begins with, without the names of who hosts it.
    """
    name = model.lower().rsplit("/", 1)[-1]
    if re.match(r"(chatgpt|o\d)", name):
        return "gpt"
    found = re.search("|".join(FAMILIES), name)
    if found:
        return _SAME.get(found[0], found[0])
    letters = re.match(r"[a-z]+", name)
    return letters[0] if letters else name
