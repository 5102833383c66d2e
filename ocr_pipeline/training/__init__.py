"""Learning from labels: models of the extractor `learned`, weights of `ensemble`, and their promotion.

Belongs here: examples, fitting, cross-validation, reports. May import `extraction`, `evaluation` and `backends`, which
never import it. Does not belong here: inference with a trained model (`extraction/learned`, `extraction/ensemble`).
"""
