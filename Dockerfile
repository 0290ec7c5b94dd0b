# syntax=docker/dockerfile:1
FROM node:22.21-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=optional --no-audit --no-fund
COPY . .
RUN npx nest build && npm prune --omit=dev --omit=optional

FROM node:22.21-bookworm-slim
ARG BUILD_COMMIT=unknown
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 BUILD_COMMIT=$BUILD_COMMIT
WORKDIR /app
COPY --from=build --chown=node:node /app/node_modules node_modules
COPY --from=build --chown=node:node /app/dist dist
COPY --chown=node:node package.json ./
USER node
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s CMD ["node", "-e", "fetch('http://127.0.0.1:3000/health/live').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--enable-source-maps", "dist/apps/api/src/main.js"]
