# ocr_pipeline from its wheel: docker build -t ocr_pipeline . && docker run --rm -v "$PWD:/project" ocr_pipeline read receipt.jpg
# The Dagster UI and the report (prints a login; see docs/operating.md):
#   docker run --rm -it -p 127.0.0.1:3000:3000 -p 127.0.0.1:3001:3001 -v "$PWD:/project" ocr_pipeline dev --host 0.0.0.0
FROM python:3.11-slim AS wheel
WORKDIR /source
COPY . .
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheel .

FROM python:3.11-slim
# libgomp1: LightGBM; tesseract-ocr: the engine `tesseract`
RUN apt-get update && apt-get install -y --no-install-recommends libgomp1 tesseract-ocr && rm -rf /var/lib/apt/lists/*
COPY --from=wheel /wheel /wheel
COPY constraints.txt /wheel/
RUN pip install --no-cache-dir --constraint /wheel/constraints.txt /wheel/*.whl
WORKDIR /project
EXPOSE 3000 3001
ENTRYPOINT ["ocr-pipeline"]
CMD ["--help"]
