import pytest

from ocr_pipeline.backends.backend import load_backends
from ocr_pipeline.backends.independence import backend_voices, engine_voices
from ocr_pipeline.evaluation.diagnosis.voices import count_voices
from ocr_pipeline.models.families import model_family
from ocr_pipeline.project import Project
from ocr_pipeline_tests.files import write_backends

BACKENDS = {
    "rapidocr+rules": {"engine": "rapidocr", "extractor": "rules"},
    "rapidocr+learned": {"engine": "rapidocr", "extractor": "learned"},
    "pdf-text+rules": {"engine": "pdf-text", "extractor": "rules"},
    "auto+gemini": {"engine": "auto", "extractor": "gemini"},
    "gemini-vision": {"extractor": "gemini"},
    "gemini-large": {"extractor": "gemini", "options": {"model": "gemini-3.8-flash"}},
    "gpt": {"extractor": "openai", "options": {"model": "gpt-5-mini"}},
    "textract": {"extractor": "external"},
    "qwen": {"extractor": "external"},
    "qwen-lora": {"extractor": "external"},
    "vote": {"extractor": "ensemble", "options": {"of": ["rapidocr+rules", "gpt"]}},
}
REPORTED = {"qwen": ["Qwen/Qwen2.5-VL-7B-Instruct"], "qwen-lora": ["qwen2.5-vl-7b-sroie-lora"]}


@pytest.mark.parametrize(
    ("names", "voices"),
    [
        (("rapidocr+rules", "rapidocr+learned", "pdf-text+rules"), 1),
        (("rapidocr+rules", "auto+gemini"), 1),  # auto uses rapidocr
        (("auto+gemini", "gemini-vision", "gemini-large"), 1),
        (("rapidocr+rules", "gemini-vision", "gpt"), 3),
        (("qwen", "qwen-lora"), 1),
        (("qwen", "textract", "gpt"), 3),
        ((), 0),
    ],
)
def test_voices_of_a_project(project: Project, names: tuple[str, ...], voices: int) -> None:
    write_backends(project.root, {"engines": dict.fromkeys(["rapidocr", "pdf-text", "auto"]), "backends": BACKENDS})
    configured = load_backends(project)
    voice_of = backend_voices(configured, REPORTED)
    assert "vote" not in voice_of
    assert count_voices(names, voice_of) == voices
    assert count_voices(["rapidocr", "auto"], engine_voices(configured)) == 1


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("models/gemini-3.5-flash-lite", "gemini"),
        ("gpt-5-mini", "gpt"),
        ("o4-mini", "gpt"),
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", "claude"),
        ("Qwen/Qwen2.5-VL-7B-Instruct", "qwen"),
        ("meta-llama/Llama-3.2-11B-Vision", "llama"),
        ("house-model-2", "house"),
        ("7b", "7b"),
    ],
)
def test_model_families(model: str, family: str) -> None:
    assert model_family(model) == family
