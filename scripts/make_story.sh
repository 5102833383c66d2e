#!/usr/bin/env bash
# The story of docs/inspecting.md in a folder of its own: a baseline, a setting that makes an engine worse, a red check.
# usage: scripts/make_story.sh FOLDER       (needs make install, and the tesseract of the system)
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
folder=${1:?usage: scripts/make_story.sh FOLDER}
mkdir -p "$folder/data"
cp -r "$root/data/demo" "$folder/data/"
cp "$root/backends.yaml" "$root/evaluation.yaml" "$folder/"
export OCR_PIPELINE_HOME=$folder
run="$root/.venv/bin/ocr-pipeline"
"$run" run --backends rapidocr+rules,tesseract+rules,pdf-text+rules
"$run" baseline pin
sed -i.before 's/^      languages: auto/      longest_side: 900\n&/' "$folder/backends.yaml"
"$run" run --backends rapidocr+rules,tesseract+rules,pdf-text+rules
"$run" errors --backend tesseract+rules --limit 5
"$run" explain demo-design-studio-invoice --backend tesseract+rules --field net_amount
