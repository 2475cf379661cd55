#!/usr/bin/env bash
# benchmarks/gpu/prove.sh [gpu|cpu]: does training work on this machine, and how fast? Up to half an hour; ends with a table.
#
#   gpu   the paper's step: ViT-B, 448 pixels, 4 images (default where nvidia-smi finds a GPU)
#   cpu   a small network, to see that this script itself works
#
# Needs `npm start` or `pnpm build` once before, and for PyTorch's lines a Python that has torch: TOCO_BENCH_PYTHON.
# TOCO_PROVE_BACKBONE, TOCO_PROVE_CROP, TOCO_PROVE_BATCH and TOCO_PROVE_ROUNDS change what is timed.
set -uo pipefail
cd "$(dirname "$0")/../.."

device=${1:-$(nvidia-smi -L > /dev/null 2>&1 && echo gpu || echo cpu)}
case $device in
  gpu) backbone=vit_base_patch16_224 crop=448 batch=4 rounds=20 ;;
  # fewer patches, and a label that bf16 turns over moves the contrast of the tokens by a hundredth
  cpu) backbone=vit_mini_patch8_96 crop=96 batch=4 rounds=3 ;;
  *) echo "usage: benchmarks/gpu/prove.sh [gpu|cpu]" >&2; exit 2 ;;
esac
toco() { node packages/cli/dist/main.js "$@"; }
bench() { node benchmarks/dist/main.js "$@"; }
failed=0

echo "== The installation, and a small step whose losses were recorded"
nvidia-smi 2> /dev/null | head -20
toco doctor --try --set "engine.device=$device" || failed=1
# shellcheck disable=SC2043 # one on the processor
for setting in engine.precision=bf16 $([ "$device" = gpu ] && echo engine.tf32=true engine.xla=true); do
  echo
  echo "-- $setting"
  toco doctor --try --set "engine.device=$device" "$setting" | tail -n 2
  [ "${PIPESTATUS[0]}" -eq 0 ] || failed=1
done

echo
echo "== The step: losses beside float32 on the processor, time, memory"
bench prove --device "$device" --backbone "${TOCO_PROVE_BACKBONE:-$backbone}" --crop "${TOCO_PROVE_CROP:-$crop}" \
  --batch "${TOCO_PROVE_BATCH:-$batch}" --rounds "${TOCO_PROVE_ROUNDS:-$rounds}" || failed=1
exit $failed
