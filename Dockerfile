# One image for all roles. With its own PostgreSQL in the volume /data:
#
#   docker build -t task-mgmt .
#   docker run -p 4000:4000 -v task-mgmt:/data -e TASK_MGMT_INITIAL_KEY=tmk_… task-mgmt
#
# With a server of yours, add -e DATABASE_URL=…; deploy/docker-compose.yml does that, with Redis. A container listens on every
# address, so it refuses to start without an API key: choose the first one (32 random bytes in base64url after tmk_), or make
# one beforehand with `docker run --rm -v task-mgmt:/data task-mgmt key create --name me --role admin`.
#
# .ci/dockerfile-steps runs the steps below without a Docker engine; it knows FROM, ENV, WORKDIR, COPY, RUN and what is below them.

# Debian, not Alpine: the embedded PostgreSQL is built for glibc.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json schema.graphql LICENSE ./
COPY bin ./bin
COPY prisma ./prisma
COPY src ./src
RUN npm run build && npm prune --omit=dev --no-audit --no-fund
# Prisma brings a compiler of 5 to 9 MB for each database it knows, twice; ours is PostgreSQL.
RUN find node_modules/@prisma/client/runtime -name 'query_compiler_*' ! -name '*.postgresql.*' -delete && find node_modules -name '*.map' -delete

FROM node:24-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=4000 TASK_MGMT_DATA_DIR=/data TASK_MGMT_ALLOWED_ROOTS=/work
# A user with a name: PostgreSQL's initdb refuses a bare number.
RUN useradd --system --uid 10001 --user-group --no-create-home --home-dir /data task-mgmt && mkdir /data /work && chown task-mgmt:task-mgmt /data
WORKDIR /app
COPY --from=build /app/package.json /app/LICENSE /app/schema.graphql ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/prisma/migrations ./prisma/migrations
COPY --from=build /app/bin/task-mgmt.js ./bin/task-mgmt.js
COPY --from=build /app/dist ./dist
USER 10001:10001
VOLUME /data
EXPOSE 4000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/ready').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/bin/task-mgmt.js"]
CMD ["serve"]
