"""Calls of language models: clients of providers, stored replies, rate limits, retries, budgets, prices, batch jobs.

Belongs here: everything between a request and its stored reply (docs/decisions/0006-model-calls.md). Does not belong here:
prompts, and parsing replies into fields (`extraction/llm`).
"""
