# toco in a container: trains and predicts on the processor, or with `--build-arg DEVICE=gpu` and `docker run --gpus all` on a GPU.
#   docker build --tag toco .
#   docker run --rm --volume "$PWD:/data" toco init photos
#   docker run --rm --volume "$PWD:/data" toco train --config toco.yaml --out runs/photos
#   docker run --rm --volume "$PWD:/data" toco predict runs/photos holiday --save labelme --out masks
# With `--user "$(id -u):$(id -g)"` in `docker run`, the files it writes are yours.

FROM node:22-bookworm AS build
WORKDIR /toco
# pnpm as package.json pins it; a test compares them. It builds too: where there is no git, turbo takes minutes before it begins.
COPY package.json pnpm-lock.yaml pnpm-workspace.yaml tsconfig.json tsconfig.base.json .npmrc LICENSE ./
COPY packages packages
COPY scripts scripts
RUN npm install --global pnpm@12.21.0 \
  && pnpm install --frozen-lockfile --filter "@toco/cli..." --filter . \
  && pnpm --filter "@toco/cli..." run build \
  && pnpm --filter @toco/cli deploy --prod --legacy /app
ARG DEVICE=cpu
ENV TOCO_CACHE=/cache
# TensorFlow and our kernels, compiled here: the image that runs needs no compiler.
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# hadolint ignore=DL3008
RUN apt-get update \
  && apt-get install --yes --no-install-recommends python3 python3-pip \
  && rm -rf /var/lib/apt/lists/* \
  && node /app/bin/toco.js setup "--${DEVICE}" \
  && chmod -R go+rX /cache

FROM node:22-bookworm-slim
# The libraries that TensorFlow's binding asks for.
# hadolint ignore=DL3008
RUN apt-get update \
  && apt-get install --yes --no-install-recommends libgomp1 \
  && rm -rf /var/lib/apt/lists/*
COPY --from=build /app /app
# Of root, whom every user trusts: code of anybody else is not loaded.
COPY --from=build /cache /cache
ENV TOCO_CACHE=/cache HF_HOME=/data/.cache/huggingface NODE_ENV=production
# node, the image's own user
USER 1000
WORKDIR /data
ENTRYPOINT ["node", "/app/bin/toco.js"]
CMD ["--help"]
