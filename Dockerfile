# docker build -t tlswhy . && docker run --rm -v "$PWD:/captures:ro" tlswhy read trace.pcap
# The image holds the program, the libraries that it uses, the certificates of the public CAs, and busybox for pipes.
FROM debian:bookworm-slim AS build
WORKDIR /src
COPY tools/deps.sh tools/
RUN tools/deps.sh build && apt-get install -q -y --no-install-recommends ca-certificates libcurl4 busybox-static
COPY . .
RUN make -j"$(nproc)" && tools/image.sh build /image

FROM scratch
COPY --from=build /image /
USER 65534:65534
WORKDIR /captures
ENTRYPOINT ["/usr/bin/tlswhy"]
CMD ["--help"]
