"""Learning from labels: the models of the extractor `learned`, the weights of `ensemble`, and when they are replaced.

Belongs here: examples, fitting, cross-validation, its reports and notes, promotion. May import `extraction`, `evaluation` and
`backends`, which never import it. Does not belong here: what extraction with a trained model needs (`extraction/learned`,
`extraction/ensemble`).
"""
