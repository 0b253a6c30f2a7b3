# The host and the plugins of this repository.

FROM rust:1.95-bookworm@sha256:6258907abe69656e41cd992e0b705cdcfabcbbe3db374f92ed2d47121282d4a1 AS build
RUN rustup target add wasm32-unknown-unknown
WORKDIR /src
COPY . .
RUN cargo build --release --locked
RUN cargo xtask build-guests

FROM debian:bookworm-slim@sha256:3783cc01769c7b2b1b83a5c5ad96c815348e28ed7da68e2e3687004faa906251
# The system's CA certificates, for `ca = "/etc/ssl/certs/ca-certificates.crt"` under [redis]. Without `ca`, and for the
# requests of plugins, Toril uses the certificates that are built in.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin toril \
    && install -d -o toril -g toril -m 0700 /srv/toril/.toril /srv/toril/.toril/cache
COPY --from=build /src/target/release/toril /usr/local/bin/toril
WORKDIR /srv/toril
COPY queues.toml ./
COPY --from=build /src/target/plugins target/plugins
USER toril
ENTRYPOINT ["toril"]
CMD ["run"]
