# syntax=docker/dockerfile:1
# One image with every program of Sluice; which one runs is the container's command.

FROM rust:1.95-bookworm AS builder
WORKDIR /src
COPY . .
# The caches stay on the builder, so the programs are copied out of target/ within the same step.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --package ingress --package workers --package console --package sandbox \
    && mkdir /programs \
    && cp target/release/ingress target/release/workers target/release/console target/release/sandbox /programs/

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin sluice
COPY --from=builder /programs/ /usr/local/bin/
COPY --chmod=755 ops/image/answers /usr/local/bin/answers
USER sluice
CMD ["ingress"]
