# The Entwine relay in a container. docs/self-hosting.md says how to run it, and what of this file has not been tried yet.

FROM rust:1-slim-trixie AS builder
WORKDIR /src
COPY . .
RUN cargo build --locked --release -p entwine-server --bin entwine-relay \
    && install -D -m 0755 target/release/entwine-relay /out/entwine-relay \
    # The volume takes the owner of the folder that it is mounted on when it is first used.
    && install -d -m 0700 -o 10001 -g 10001 /out/data

FROM debian:trixie-slim
COPY --from=builder /out/entwine-relay /usr/local/bin/entwine-relay
COPY --from=builder --chown=10001:10001 /out/data /data

# A number, so that a host can check that it is not root.
USER 10001:10001
ENV ENTWINE_DATA=/data ENTWINE_LISTEN=0.0.0.0:8080
VOLUME /data
EXPOSE 8080

# Asks the relay itself whether it can serve, with what Debian's bash has: there is no curl in this image.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["bash", "-c", \
    "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /readyz HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 && read -r status <&3 && [[ $status == 'HTTP/1.1 200 '* ]]"]

# The relay finishes what it has accepted before it goes.
STOPSIGNAL SIGTERM
ENTRYPOINT ["entwine-relay"]
CMD ["serve"]
