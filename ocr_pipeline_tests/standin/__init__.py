"""A stand-in for the servers of Gemini and OpenAI: real sockets, their JSON, and everything that goes wrong with them."""

from ocr_pipeline_tests.standin.server import StandIn

__all__ = ["StandIn"]
