"""`python -m ocr_pipeline.cli`."""

from ocr_pipeline.cli.app import main

if __name__ == "__main__":
    main()
