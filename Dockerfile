# Codex Gateway. The last stage is the gateway; `--target simulator` is the stand-in for Codex that the demo uses.
# `npm run image` reads this file and builds the same stages into a folder, without a container engine.
#
# A release pins both bases: --build-arg NODE_DIGEST=@sha256:… --build-arg RUNTIME_DIGEST=@sha256:…
ARG NODE_DIGEST=""
ARG RUNTIME_DIGEST=""

FROM node:24.21.0-bookworm${NODE_DIGEST} AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY scripts/slim-image.mjs scripts/

# Production packages. fs-ext takes the lock files of the Codex CLI; the gateway runs without it and says so.
FROM packages AS modules
RUN npm ci --omit=dev
RUN npm rebuild fs-ext --ignore-scripts=false --nodedir="$(dirname "$(dirname "$(command -v node)")")" || echo "fs-ext was not built."
RUN node scripts/slim-image.mjs node_modules

FROM packages AS build
RUN npm ci
COPY tsconfig.json nest-cli.json ./
COPY src src/
RUN npm run build
RUN node scripts/slim-image.mjs dist
RUN mkdir -m 700 state

FROM build AS simulator-build
COPY test/simulator test/simulator/
RUN npx tsc -p test/simulator/tsconfig.json

# Only the C library, certificates and a user: no shell, no package manager.
FROM gcr.io/distroless/cc-debian12:nonroot${RUNTIME_DIGEST} AS runtime
COPY --from=packages /usr/local/bin/node /usr/local/bin/node
WORKDIR /app
COPY package.json LICENSE ./
COPY --from=modules /app/node_modules node_modules/
# The one place that is written.
COPY --from=build --chown=65532:65532 /app/state /state
VOLUME ["/state"]
ENV NODE_ENV=production HOME=/state
USER 65532:65532
STOPSIGNAL SIGTERM

FROM runtime AS simulator
COPY --from=simulator-build /app/.cache/simulator simulator/
COPY test/fixtures/codex test/fixtures/codex/
EXPOSE 9100
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s CMD ["/usr/local/bin/node", "-e", "require('node:net').connect(9100, '127.0.0.1').on('connect', () => process.exit(0)).on('error', () => process.exit(1))"]
ENTRYPOINT ["/usr/local/bin/node", "/app/simulator/main.js", "--host", "0.0.0.0", "--port", "9100", "--auth-file", "/state/auth.json"]

FROM runtime AS gateway
COPY --from=build /app/dist dist/
ENV HOST=0.0.0.0 PORT=4000 STATE_DIR=/state CODEX_HOME=/state/codex
EXPOSE 4000
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s CMD ["/usr/local/bin/node", "-e", "require('node:http').get({ host: '127.0.0.1', port: process.env.PORT, path: '/health/liveliness' }, ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1))"]
# A young generation of fixed size: what a request needs is gone before it is cleared away (docs/performance.md).
ENTRYPOINT ["/usr/local/bin/node", "--min-semi-space-size=32", "--max-semi-space-size=32", "/app/dist/main.js"]

ARG VERSION=dev
ARG REVISION=""
ARG CREATED=""
ARG SOURCE=""
LABEL org.opencontainers.image.title="codex-gateway" \
  org.opencontainers.image.description="OpenAI-compatible gateway that a team shares in front of the ChatGPT Codex backend" \
  org.opencontainers.image.licenses="MIT" \
  org.opencontainers.image.base.name="gcr.io/distroless/cc-debian12:nonroot" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}" \
  org.opencontainers.image.created="${CREATED}" \
  org.opencontainers.image.source="${SOURCE}"
