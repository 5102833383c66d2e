"""Extractors that ask a language model: of a provider, by the words of an engine or by the pages themselves."""
