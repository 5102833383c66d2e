"""The sentences that a command or a row may say in the drill. What is not in these lists counts as unclear.

Whoever adds one has judged it. A line on standard error names the file, or says what to do. The message in a row belongs to a
document, whose file the row names; it says what is wrong with it.
"""

import re

LINES = (
    # beside a result
    r"not run: \S+: .+",
    r"(warn|error): \w+: .+",
    r"Waiting for (`[^`]+` \(process \d+ on \S+, since [^)]+\)|another run) to end in this project.*\.",
    r"\S+: file deleted; results kept, excluded from scores",
    r"Interrupted\. Finished results are kept; run the same command to continue\.",
    r"\S+ is damaged: it is set aside as \S+, and made again\.",
    # providers
    r"Error: \d+ documents? failed temporarily at the provider: .+ All other results are kept: run"
    r" again later for .+\.",
    r"Error: \w+ redirects to another address \(3\d\d\): is base_url in backends\.yaml right\?",
    r"Error: \w+ rejected \w+ \(\d+\): check the key and its permissions\.",
    r"Error: \w+: unknown model '[^']+' \(404\): correct the model or base_url in backends\.yaml\..*",
    r"Error: \w+ answered with status \d+: check its base_url\..*",
    # shortages
    r"Error: The disk is full, or fails: free some space, then run the same command again\. What"
    r" was finished is kept\.",
    r"Error: The disk is full: nothing was written to \S+; free some space and try again\.",
    r"Error: (The result store cannot use|The Dagster instance folder) /\S+.*: No space left on device\.",
    r"Error: The database \S+ is in use by .+; close it there and try again\.",
    r"Error: This process may open no more files \(limit \d+\): raise it with `ulimit -n 4096`, then .+",
    r"Error: A file may not be larger than [\d,]+ bytes here, or the disk is full: .+",
    r"Error: A database of Dagster cannot be read or written: .+ \(free some space\); then .+",
    r"A chart of the report could not be drawn \(.+\); its table says the same\.",
    r"Error: There is not enough memory: close other programs, or raise the limit \(`ulimit -v`\), then .+",
    r"Error: No permission to use .+: change its owner or mode.*, then .+",
    # what C libraries write before they end the process; the sentence about memory follows
    r"cannot allocate memory for thread-local data: ABORT",
    r"terminate called .+|what\(\):  std::bad_alloc",
)

MESSAGES = (
    # providers: one attempt failed for now, and the command says when to run again
    r"\w+: (rate limit exceeded|temporary server error) \(\d+\)\.",
    r"\w+ (did not answer in time|closed the connection|is unreachable at \S+)\.",
    r"\w+ sent an answer (that (does not follow this protocol|is not valid JSON)"
    r"|in a content encoding that nobody asked for"
    r"|whose content encoding is broken|of more than [\d,]+ bytes \(max_reply_bytes\))\..*",
    r"\w+ refused the (request for this document"
    r"|document because of its content) \(\d+\)\. Its answer is kept in \S+ of the .+\.",
    r"The model gave no (answer|text.*)\.",
    r"The provider's filter for content stopped the model.*\.",
    r"The reply is longer than max_output_tokens, which is [\d,]+.*\.",
    r"After one repair: .+",
)

MESSAGES_OF_DOCUMENTS = (
    r"The file (is empty|does not exist|name is not valid UTF-8; rename the file)\.",
    r"The file (has [\d,]+ bytes; the limit is [\d,]+|has more than [\d,]+ bytes \(limits\.max_bytes\))\.",
    r"The file cannot be read: .+\.",
    r"The file changed after it was ingested; materialise raw_documents again\.",
    r"Unsupported file type: save the document as .+\.",
    r"Corrupt (PDF|image|or unsupported image): .+\.",
    r"The PDF (has no pages|is encrypted; save it without a password)\.",
    r"The (PDF|TIFF|XML) (has|fills) .*[\d,]+ pages.* limit.*\.",
    r"A page (has no area|uses too much memory \(limits\.max_memory_bytes\))\.",
    r"A page of [\d,]+ x [\d,]+ pixels exceeds the limit of [\d,]+ pixels\.",
    r"A page exceeds Pillow's limit of [\d,]+ pixels\.",
    r".+ (exceeds|takes more than) .+ \(limits\.\w+\)\.",
    r".+ uses too much memory( \(limits\.max_memory_bytes\))?\.",
    r"The document failed: (empty_file|unsupported_type|unreadable|encrypted|too_large|too_many_pages"
    r"|no_pages|missing_file)\.",
    r"The document has no text layer: use an OCR engine\..*",
    r"There is no text to work on: .+",
    r"The document has no e-invoice XML: .+\.",
    r"The XML cannot be used as an invoice: .+\.",
    r".*The document is XML.+",
    r"(The page was|Its page is) drawn from .+",
)

_LINES, _MESSAGES = (
    re.compile("|".join(f"(?:{sentence})" for sentence in kind)) for kind in (LINES, MESSAGES + MESSAGES_OF_DOCUMENTS)
)


def is_clear(message: str) -> bool:
    """Whether the message of a row is in the list."""
    return _MESSAGES.fullmatch(message.strip()) is not None


def unclear_lines(text: str) -> list[str]:
    """The lines of standard error that are not in the list."""
    return [line for line in text.split("\n") if line.strip() and not _LINES.fullmatch(line.strip())]
