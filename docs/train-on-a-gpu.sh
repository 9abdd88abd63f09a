#!/usr/bin/env bash
# Trains a model at greater width on a GPU, ten minutes at a time, each time from the weights of the last time:
#
#     docs/train-on-a-gpu.sh ours-128 MODELS --data celeba.tar --data celeba128.tar
#     docs/train-on-a-gpu.sh r3gan-64 MODELS --data celeba.tar --data celeba128.tar
#
# Only the folder MODELS has to be kept between two calls, so a machine that is lent for a while and then erased will do.
# A model stays under 15 MB. Further options are those of `facedemo train`; towards the end, lower the learning rate by
# half at every call, as in `--learning-rate 1e-4`.
set -euo pipefail
name=$1 models=$2
shift 2

case $name in
    ours-128) options=(--family ours --size 128 --stem quarter --latent 128 --width 36 --batch-size 64) ;;
    r3gan-64) options=(--family r3gan --size 64 --latent 64 --width 64 --batch-size 64 --penalty-share 1) ;;
    *) echo "There are settings for ours-128 and r3gan-64 here, not for $name." >&2 && exit 2 ;;
esac
[[ -d $models/$name ]] && options+=(--start-from "$models/$name")

run=$(uv run facedemo train --name "$name" --split train --augment 0.3 --minutes 10 "${options[@]}" "$@")
uv run facedemo bundle "$run" --out "$models/.$name"
rm -rf "${models:?}/$name"
mv "$models/.$name" "$models/$name"
