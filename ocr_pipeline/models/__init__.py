"""Model calls: one small interface over the SDKs of the providers, with stored replies, limits, retries and costs.

Why it is built like this: docs/decisions/0006-model-calls.md.
"""
