"""`ocr-pipeline backends add`: a service or model as a backend, proved by one small call before it is written."""

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ocr_pipeline.cli.output import console, plain
from ocr_pipeline.errors import ConfigurationError, OcrPipelineError
from ocr_pipeline.project import find_project

if TYPE_CHECKING:
    from ocr_pipeline.backends.adding import Service
    from ocr_pipeline.backends.config import Config
    from ocr_pipeline.models.provider import Provider


def add(
    service: Annotated[
        str | None, typer.Argument(metavar="SERVICE", help="gemini, openai, azure, ollama, vllm or file.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the backend. Default: made of engine and service.")] = None,
    model: Annotated[str | None, typer.Option(help="Model; on Azure, the deployment.")] = None,
    url: Annotated[str | None, typer.Option(help="Base URL of the server, up to /v1.")] = None,
    engine: Annotated[
        str | None, typer.Option(help="Engine whose text the model gets. Default: none, the model gets the pages.")
    ] = None,
    key_env: Annotated[str | None, typer.Option(help="Environment variable with the API key.")] = None,
    price: Annotated[
        str | None,
        typer.Option(
            metavar="IN,OUT", help="USD per million tokens; 0: a server of your own (default for ollama, vllm)."
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check/--no-check", help="Prove key, model and server by a small call.")
    ] = True,
) -> None:
    """Add a model, a service or imported predictions to backends.yaml.

    Asks for what is missing, makes one small call, says what a document will cost, and writes the entry with comments. The
    rest of the file stays as it is; keys stay in the environment.
    """
    from ocr_pipeline.backends import adding
    from ocr_pipeline.backends.config import load_config

    project = find_project()
    config, text = load_config(project.config_file)
    chosen = _asked(service, f"Service ({', '.join(adding.SERVICES)})", "gemini", "SERVICE")
    if chosen not in adding.SERVICES:
        raise ConfigurationError(f"Unknown service {chosen!r}; choose from {', '.join(adding.SERVICES)}.")
    kind = adding.SERVICES[chosen]
    if engine is not None and engine not in config.engines:
        raise ConfigurationError(f"Unknown engine {engine!r}; choose from {', '.join(config.engines)}.")
    backend = name or (f"{engine}+{chosen}" if engine else "imported" if kind.type is None else f"{chosen}-pages")
    if backend in config.backends:
        raise ConfigurationError(f"There is a backend {backend!r} already; choose another --name.")
    if kind.type is None:
        _add_imported(project.config_file, text, backend)
        return
    model = _asked(model, "Model", kind.model, "--model")
    if chosen == "azure":
        url = _asked(url, "Base URL (https://RESOURCE.openai.azure.com/openai/v1)", None, "--url")
    provider_name, entry = _provider_entry(config, text, chosen, kind, url, key_env, price, model)
    if entry:
        text = adding.with_entry(text, "providers", entry)
    described = f"{kind.title} ({model}) with the {'text of ' + engine if engine else 'pages'}"
    options = {"model": model} if provider_name == kind.type else {"provider": provider_name, "model": model}
    text = adding.with_entry(text, "backends", adding.backend_entry(backend, described, engine, kind.type, options))
    provider = _parsed(text, provider_name)
    if check:
        _prove(provider, model)
    adding.save(project.config_file, text)
    console.print(f"Added {backend} to {project.config_file.name}.", soft_wrap=True)
    console.print(_cost(provider, model, engine, kind.type), soft_wrap=True)
    console.print(f"Next: [b]ocr-pipeline run --backends {backend}[/]", soft_wrap=True)


def _add_imported(path: Path, text: str, backend: str) -> None:
    from ocr_pipeline.backends.adding import backend_entry, save, with_entry

    save(path, with_entry(text, "backends", backend_entry(backend, "Imported predictions", None, "external", {})))
    console.print(
        f"Added {backend}. Next: [b]ocr-pipeline import predictions FILE --backend {backend}[/]", soft_wrap=True
    )


def _asked(value: str | None, question: str, default: str | None, option: str) -> str:
    """The value, or the answer to a question in a terminal, otherwise the default."""
    if value:
        return value
    if sys.stdin.isatty():
        return str(typer.prompt(question, default=default))
    if default is None or option == "SERVICE":
        raise ConfigurationError(f"{option} is missing; see `ocr-pipeline backends add --help`.")
    return default


def _provider_entry(
    config: "Config",
    text: str,
    name: str,
    kind: "Service",
    url: str | None,
    key_env: str | None,
    price: str | None,
    model: str,
) -> tuple[str, str | None]:
    """The name of the provider and its entry; None if the configuration's own entry is used.

    Raises:
        ConfigurationError: there is an entry of this name with other settings, or the price is not two numbers.
    """
    from ocr_pipeline.backends.adding import provider_entry, written_entries

    if name in written_entries(text, "providers"):
        existing = config.providers[name]
        if (url and existing.base_url != url.rstrip("/")) or (key_env and existing.api_key_env != key_env) or price:
            raise ConfigurationError(f"The provider {name} is in backends.yaml already: change it there.")
        return name, None
    costs = "0" if price == "0" or (price is None and kind.is_own) else None
    if price and price != "0":
        try:
            rate_in, rate_out = (float(part) for part in price.split(","))
        except ValueError:
            raise ConfigurationError(
                "--price is 0, or two numbers such as 0.30,2.50 (USD per million tokens)."
            ) from None
        costs = f'{{"{model}": {{input: {rate_in:g}, output: {rate_out:g}}}}}'
    return name, provider_entry(name, kind, url or kind.base_url, key_env or kind.api_key_env, costs)


def _parsed(text: str, provider: str) -> "Provider":
    """The provider as the new configuration has it. Raises ConfigurationError."""
    from ocr_pipeline.backends.config import load_config

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "backends.yaml"
        path.write_text(text, "utf-8")
        return load_config(path)[0].providers[provider]


def _prove(provider: "Provider", model: str) -> None:
    """One small call. Raises ConfigurationError, with nothing written."""
    from ocr_pipeline.models.asking import ModelCalls
    from ocr_pipeline.models.types import ModelRequest
    from ocr_pipeline.store import ResultStore

    request = ModelRequest(
        model=model,
        instructions="Answer with the total as JSON.",
        parts=("Total 1.00",),
        json_schema={
            "type": "object",
            "properties": {"total_amount": {"type": "string"}},
            "required": ["total_amount"],
        },
        max_output_tokens=300,
    )
    patient = provider.model_copy(update={"retries": 1, "timeout": min(provider.timeout, 60.0), "deadline": 90.0})
    with tempfile.TemporaryDirectory() as folder:
        calls = ModelCalls(ResultStore(Path(folder)))
        try:
            answer = calls.ask(patient, request)
        except OcrPipelineError as error:
            advice = "Nothing was written; --no-check writes the entry anyway."
            raise ConfigurationError(f"{error} {advice}") from None
        finally:
            calls.close()
    console.print(f"{plain(provider.host)} answers for {plain(model)} in {answer.seconds:.1f} s.", soft_wrap=True)


def _cost(provider: "Provider", model: str, engine: str | None, extractor: str) -> str:
    """What a page will cost, in words."""
    from ocr_pipeline.extraction.llm.extractor import GeminiExtractor, OpenAiExtractor
    from ocr_pipeline.models.prices import expected_cost
    from ocr_pipeline.planning.costs import CHARACTERS_PER_PAGE

    made = (GeminiExtractor if extractor == "gemini" else OpenAiExtractor)(provider=provider, model=model)
    tokens = made.expected_tokens(1, CHARACTERS_PER_PAGE if engine else None)
    usd = expected_cost(provider.rates(model, datetime.now(UTC).date()), tokens, batch=False)
    if usd is None:
        return (
            f"The price of {plain(model)} is unknown: set `prices` of {provider.name}, or `--max-cost` will refuse it."
        )
    if usd == 0:
        return "A document costs nothing (price: 0)."
    return f"A document of one page will cost about {usd:.4f} USD, 1,000 about {1000 * usd:.2f} USD; --max-cost limits a run."
